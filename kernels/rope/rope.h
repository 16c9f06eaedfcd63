#pragma once
// Rotary position embedding in place (op::Rope; Su et al., 2021). Angles are computed in double
// from the position, so that long contexts lose nothing; sines and cosines once per row, for all
// its heads. factors == 0 is not allowed.

#include "kernels/registry.h"

namespace motley {

CpuKernel<op::Rope> RopeKernel(CpuLevel level);

void RopeRef(const op::Rope<Tensor>& call, Team& team);
void RopeAvx2(const op::Rope<Tensor>& call, Team& team);
void RopeAvx512(const op::Rope<Tensor>& call, Team& team);

}  // namespace motley
