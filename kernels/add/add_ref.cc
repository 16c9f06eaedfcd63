#include "kernels/add/add.h"
#include "kernels/operand.h"

namespace motley {

void AddRef(const op::Add<Tensor>& call, Team& team) {
  SplitRows(team, call.y.rows, call.y.cols, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      const float* a = Row(call.a, m);
      const float* b = Row(call.b, m);
      float* y = Row(call.y, m);
      for (int64_t i = 0; i < call.y.cols; ++i) y[i] = a[i] + b[i];
    }
  });
}

}  // namespace motley
