#pragma once
// op::MulMat on a CPU. Any thread; one call at a time per Team.

#include "kernels/registry.h"

namespace motley {

// The kernel of a level. Weights are of any type and in Layout::kDevice, that is packed as
// kernels/mul_mat/packed.h says and aligned to 64 bytes; x, y and bias are F32 and dense with any
// stride. A row of y depends on its row of x alone: to the last bit it is the same whatever M, its
// place in the batch and the number of threads. With quantised weights all levels above kRef give
// the same bits. Scratch: cpu/loops.h.
CpuKernel<op::MulMat> MulMatKernel(CpuLevel level);

}  // namespace motley
