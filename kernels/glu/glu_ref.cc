#include <cmath>

#include "kernels/glu/glu.h"
#include "kernels/operand.h"

namespace motley {
namespace {

float Silu(float x) { return static_cast<float>(x / (1.0 + std::exp(-static_cast<double>(x)))); }

float GeluTanh(float x) {
  const double wide = x;
  const double twice_u = kGeluTwiceScale * (wide + kGeluCubic * wide * wide * wide);
  return static_cast<float>(wide / (1.0 + std::exp(-twice_u)));
}

}  // namespace

void GluRef(const op::Glu<Tensor>& call, Team& team) {
  const auto activate = call.activation == Activation::kSilu ? Silu : GeluTanh;
  SplitRows(team, call.y.rows, call.y.cols * 8, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      const float* gate = Row(call.gate, m);
      const float* up = Row(call.up, m);
      float* y = Row(call.y, m);
      for (int64_t i = 0; i < call.y.cols; ++i) y[i] = activate(gate[i]) * up[i];
    }
  });
}

}  // namespace motley
