#pragma once
// Causal grouped-query attention over the paged cache (op::Attention).
//
// The reference keeps a row's scores in scratch and sums in double. Vector levels compute an online
// softmax (Milakov and Gimelshein, 2018; Dao et al., 2022) over tiles and chunks of positions that
// start at fixed absolute positions, and merge chunks in order: a row has the same bits alone, in a
// batch, in any prefill chunk, on any number of threads and on an OpenCL device that fuses
// (online_softmax_opencl.cl computes in the same order). Cache values must be finite.

#include "kernels/registry.h"

namespace motley {

CpuKernel<op::Attention> AttentionKernel(CpuLevel level);

void AttentionRef(const op::Attention<Tensor>& call, Team& team);
void AttentionAvx2(const op::Attention<Tensor>& call, Team& team);
void AttentionAvx512(const op::Attention<Tensor>& call, Team& team);

}  // namespace motley
