#include <cmath>

#include "kernels/operand.h"
#include "kernels/rms_norm/rms_norm.h"

namespace motley {
namespace {

void NormRun(const float* x, const float* weight, float* y, int64_t n, float eps) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  const auto scale = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(n) + eps));
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * scale * weight[i];
}

}  // namespace

void RmsNormRef(const op::RmsNorm<Tensor>& call, Team& team) {
  const int64_t width = call.weight.cols;
  const float* weight = Row(call.weight, 0);
  SplitRows(team, call.y.rows, call.y.cols, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      for (int64_t at = 0; at < call.y.cols; at += width) {
        NormRun(Row(call.x, m) + at, weight, Row(call.y, m) + at, width, call.eps);
      }
    }
  });
}

}  // namespace motley
