#pragma once
// Weights of a CPU device: packed tiles (kernels/mul_mat/packed.h) for matrices and tables, F32 for
// vectors. Reads at most a few MiB of the file at a time, so a model never lies in memory twice.
// From the device's thread.

#include "backends/backend.h"
#include "backends/cpu/memory.h"
#include "kernels/team.h"

namespace motley {

// InvalidArgument for a shape that its type cannot have; OutOfMemory; the reader's own errors.
Result<Weight> LoadHostWeight(const WeightSpec& spec, const RowReader& read, Team& team,
                              WeightArena& arena);

}  // namespace motley
