#pragma once
// y = x / sqrt(mean(x^2) + eps) * weight over runs of weight.cols values (op::RmsNorm; Zhang and
// Sennrich, 2019). The reference sums squares in double; vector levels and OpenCL in 64 chains of
// float, with equal bits.

#include "kernels/registry.h"

namespace motley {

CpuKernel<op::RmsNorm> RmsNormKernel(CpuLevel level);

void RmsNormRef(const op::RmsNorm<Tensor>& call, Team& team);
void RmsNormAvx2(const op::RmsNorm<Tensor>& call, Team& team);
void RmsNormAvx512(const op::RmsNorm<Tensor>& call, Team& team);

}  // namespace motley
