#include "kernels/vector/avx512.h"
// The vector first: what follows is written over it.
#include "kernels/store_kv/store_kv.h"
#include "kernels/store_kv/store_kv_vectors.h"

namespace motley {

void StoreKvAvx512(const op::StoreKv<Tensor>& call, Team& team) { StoreRows(call, team); }

}  // namespace motley
