#include "kernels/vector/avx2.h"
// The vector first: what follows is written over it.
#include "kernels/rope/rope.h"
#include "kernels/rope/rope_vectors.h"

namespace motley {

void RopeAvx2(const op::Rope<Tensor>& call, Team& team) { RotateRows(call, team); }

}  // namespace motley
