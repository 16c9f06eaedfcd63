#pragma once
// op::GetRows on a CPU. Any thread; one call at a time per Team.

#include "kernels/registry.h"

namespace motley {

// The kernel of a level. The table is a packed weight (Layout::kDevice, kernels/mul_mat/packed.h)
// or dense F32 rows. Ids must lie in [0, table.rows).
CpuKernel<op::GetRows> GetRowsKernel(CpuLevel level);

}  // namespace motley
