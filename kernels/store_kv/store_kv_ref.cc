#include <cstring>

#include "kernels/store_kv/cache_rows.h"
#include "kernels/store_kv/store_kv.h"

namespace motley {
namespace {

void Write(const Tensor& cache, int64_t at, const float* from, int n) {
  if (cache.type == TensorType::kF32) {
    std::memcpy(Row(cache, 0) + at, from, static_cast<size_t>(n) * sizeof(float));
    return;
  }
  auto* to = Row<_Float16>(cache, 0) + at;
  for (int i = 0; i < n; ++i) {
    to[i] = static_cast<_Float16>(std::clamp(from[i], -kLargestHalf, kLargestHalf));
  }
}

}  // namespace

void StoreKvRef(const op::StoreKv<Tensor>& call, Team& team) { ForEachHead(call, team, Write); }

}  // namespace motley
