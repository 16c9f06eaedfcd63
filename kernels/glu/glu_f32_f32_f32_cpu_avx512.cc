#include "kernels/vector/avx512.h"
// The vector first: what follows is written over it.
#include "kernels/glu/glu.h"
#include "kernels/glu/glu_vectors.h"

namespace motley {

void GluAvx512(const op::Glu<Tensor>& call, Team& team) { GluRows(call, team); }

}  // namespace motley
