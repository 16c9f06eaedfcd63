#include <cmath>

#include "kernels/operand.h"
#include "kernels/rope/rope.h"

namespace motley {
namespace {

void Rotate(float& a, float& b, float cosine, float sine) {
  const float first = a;
  a = first * cosine - b * sine;
  b = first * sine + b * cosine;
}

void RotatePair(const op::Rope<Tensor>& call, float* row, int64_t pair, double angle) {
  const auto cosine = static_cast<float>(std::cos(angle));
  const auto sine = static_cast<float>(std::sin(angle));
  for (int64_t head = 0; head < call.x.cols; head += call.head_dim) {
    float* x = row + head;
    if (call.style == RopeStyle::kNeox) {
      Rotate(x[pair], x[pair + call.rotated / 2], cosine, sine);
    } else {
      Rotate(x[2 * pair], x[2 * pair + 1], cosine, sine);
    }
  }
}

}  // namespace

void RopeRef(const op::Rope<Tensor>& call, Team& team) {
  SplitRows(team, call.x.rows, call.x.cols * 8, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      for (int64_t pair = 0; pair < call.rotated / 2; ++pair) {
        double angle = Index(call.positions, m) * static_cast<double>(call.frequency_scale) *
                       std::pow(static_cast<double>(call.base),
                                -2.0 * static_cast<double>(pair) / call.rotated);
        if (call.factors) angle /= Row(call.factors, 0)[pair];
        RotatePair(call, Row(call.x, m), pair, angle);
      }
    }
  });
}

}  // namespace motley
