#pragma once
// op::StoreKv over the vector of the including file. Unnamed namespace.

#include <cstring>

#include "kernels/store_kv/cache_rows.h"

namespace motley {
namespace {

inline Vec ClampToHalf(Vec v) {
  // NaN stays NaN: Max and Min give their second operand then.
  return Min(Set(kLargestHalf), Max(Set(-kLargestHalf), v));
}

inline void StoreRow(const Tensor& cache, int64_t at, const float* from, int n) {
  if (cache.type == TensorType::kF32) {
    std::memcpy(Row(cache, 0) + at, from, static_cast<size_t>(n) * sizeof(float));
    return;
  }
  auto* to = Row<uint16_t>(cache, 0) + at;
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) StoreHalf(to + i, ClampToHalf(Load(from + i)));
  if (i < n) {
    uint16_t rest[kLanes];
    StoreHalf(rest, ClampToHalf(LoadFirst(from + i, n - i)));
    std::memcpy(to + i, rest, static_cast<size_t>(n - i) * sizeof(uint16_t));
  }
}

inline void StoreRows(const op::StoreKv<Tensor>& call, Team& team) {
  ForEachHead(call, team, StoreRow);
}

}  // namespace
}  // namespace motley
