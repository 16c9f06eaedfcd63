#include "kernels/vector/avx2.h"
// The vector first: what follows is written over it.
#include "kernels/attention/attention.h"
#include "kernels/attention/attention_vectors.h"

namespace motley {

void AttentionAvx2(const op::Attention<Tensor>& call, Team& team) { Attend(call, team); }

}  // namespace motley
