#pragma once
// Reads of the paged cache [blocks][kv_heads][block_tokens][head_dim]. For kernels; internal
// linkage.

#include "kernels/operand.h"

namespace motley {

// Value index of (position, kv head) of a sequence; head_dim values follow each other.
static inline int64_t PagedIndex(const op::Attention<Tensor>& call, const int32_t* blocks,
                                 int64_t position, int64_t kv_head) {
  const int64_t block = blocks[position / call.block_tokens];
  const int64_t place = position % call.block_tokens;
  return ((block * call.kv_heads + kv_head) * call.block_tokens + place) * call.head_dim;
}

// The first position that a row at `position` attends to.
static inline int64_t WindowStart(const op::Attention<Tensor>& call, int64_t position) {
  return call.window > 0 ? std::max<int64_t>(0, position - call.window + 1) : 0;
}

}  // namespace motley
