#pragma once
// Where a slot lies in a paged cache [blocks][kv_heads][block_tokens][head_dim]. For kernels;
// internal linkage.

#include "kernels/operand.h"

namespace motley {

// Value index of (slot, kv head) in the cache; head_dim values follow each other.
static inline int64_t CacheIndex(const op::StoreKv<Tensor>& call, int64_t slot, int64_t kv_head) {
  const int64_t block = slot / call.block_tokens;
  const int64_t place = slot % call.block_tokens;
  return ((block * call.kv_heads + kv_head) * call.block_tokens + place) * call.head_dim;
}

// write(cache tensor, value index, source, head_dim) for every row and head of k, then of v.
template <class F>
static inline void ForEachHead(const op::StoreKv<Tensor>& call, Team& team, F&& write) {
  SplitRows(team, call.k.rows, call.k.cols * 2, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      const int64_t slot = Index(call.slots, m);
      for (int64_t head = 0; head < call.kv_heads; ++head) {
        const int64_t at = CacheIndex(call, slot, head);
        write(call.k_cache, at, Row(call.k, m) + head * call.head_dim, call.head_dim);
        write(call.v_cache, at, Row(call.v, m) + head * call.head_dim, call.head_dim);
      }
    }
  });
}

}  // namespace motley
