#include "kernels/get_rows/get_rows.h"

#include <cstring>

#include "kernels/mul_mat/packed.h"
#include "kernels/operand.h"

namespace motley {
namespace {

void GetRows(const op::GetRows<Tensor>& call, Team& team) {
  const int64_t cols = call.table.cols;
  SplitRows(team, call.y.rows, cols, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      const int32_t id = Index(call.ids, m);
      float* y = Row(call.y, m);
      if (call.table.layout == Layout::kDense) {
        std::memcpy(y, Row(call.table, id), static_cast<size_t>(cols) * sizeof(float));
      } else {
        UnpackRow(call.table.type, Address(call.table), cols, id, y);
      }
      if (call.scale == 1.0f) continue;
      for (int64_t k = 0; k < cols; ++k) y[k] *= call.scale;
    }
  });
}

}  // namespace

// A few rows per token: not worth a second version.
CpuKernel<op::GetRows> GetRowsKernel(CpuLevel) { return GetRows; }

}  // namespace motley
