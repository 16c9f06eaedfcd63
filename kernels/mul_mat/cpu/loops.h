#pragma once
// The loops around the micro-kernels of mul_mat: tiles, threads, ragged ends, bias. Stateless; one
// call at a time per Team.

#include "kernels/mul_mat/cpu/micro.h"
#include "kernels/registry.h"

namespace motley {

// Which way weights reach the micro-kernels; kAuto is the faster one for the number of rows. Same
// bits either way.
enum class WeightPath { kAuto, kDirect, kExpand };

// The table of a level above kRef. Lives as long as the program.
const MicroKernels& MulMatMicroKernels(CpuLevel level);

// Scratch taken from the team, with B = K / 32: M * B * 36 bytes for the activations, 4 * M * B
// more for each kind of Correction among the products (8 for Q6_K), and 32 KiB per thread. Nothing
// but the 32 KiB for float weights.
void RunMulMat(const MicroKernels& kernels, const op::MulMat<Tensor>& call, Team& team,
               WeightPath path = WeightPath::kAuto);

}  // namespace motley
