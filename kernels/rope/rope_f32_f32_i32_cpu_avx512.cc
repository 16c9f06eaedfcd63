#include "kernels/vector/avx512.h"
// The vector first: what follows is written over it.
#include "kernels/rope/rope.h"
#include "kernels/rope/rope_vectors.h"

namespace motley {

void RopeAvx512(const op::Rope<Tensor>& call, Team& team) { RotateRows(call, team); }

}  // namespace motley
