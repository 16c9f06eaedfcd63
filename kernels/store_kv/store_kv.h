#pragma once
// Rows of k and v into the paged cache (op::StoreKv), rounded to F16 to nearest even where the
// cache is F16. Values beyond +-65504 are clamped: an infinity in the cache would turn every later
// row of the sequence to NaN.

#include "kernels/registry.h"

namespace motley {

CpuKernel<op::StoreKv> StoreKvKernel(CpuLevel level);

void StoreKvRef(const op::StoreKv<Tensor>& call, Team& team);
void StoreKvAvx2(const op::StoreKv<Tensor>& call, Team& team);
void StoreKvAvx512(const op::StoreKv<Tensor>& call, Team& team);

inline constexpr float kLargestHalf = 65504.0f;

}  // namespace motley
