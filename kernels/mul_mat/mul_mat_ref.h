#pragma once
// The truth that every mul_mat is tested against. One call at a time per Team.

#include "kernels/op.h"
#include "kernels/team.h"

namespace motley {

// op::MulMat in floats throughout, from weights dequantised to F32; long sums are kept in double.
// Weights are packed (packed.h). Scratch: 4 * K bytes per thread.
void MulMatRef(const op::MulMat<Tensor>& call, Team& team);

}  // namespace motley
