#pragma once
// Rotary position embedding in place (op::Rope; Su et al., 2021). The reference computes angles in
// double, vector levels and OpenCL in fixed point (turns.h) and with the same operations after it:
// equal bits. Sines and cosines once per row, for all its heads. factors == 0 is not allowed.

#include "kernels/registry.h"

namespace motley {

CpuKernel<op::Rope> RopeKernel(CpuLevel level);

void RopeRef(const op::Rope<Tensor>& call, Team& team);
void RopeAvx2(const op::Rope<Tensor>& call, Team& team);
void RopeAvx512(const op::Rope<Tensor>& call, Team& team);

}  // namespace motley
