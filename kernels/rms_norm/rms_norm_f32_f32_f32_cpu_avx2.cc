#include "kernels/vector/avx2.h"
// The vector first: what follows is written over it.
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rms_norm/rms_norm_vectors.h"

namespace motley {

void RmsNormAvx2(const op::RmsNorm<Tensor>& call, Team& team) { NormRows(call, team); }

}  // namespace motley
