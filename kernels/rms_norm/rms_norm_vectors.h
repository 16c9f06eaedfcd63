#pragma once
// op::RmsNorm over the vector of the including file. Unnamed namespace.

#include "kernels/operand.h"
#include "kernels/vector/rows.h"

namespace motley {
namespace {

// Four sums side by side hide the latency of the additions.
inline float SumOfSquares(const float* x, int64_t n) {
  Vec sums[4] = {Zero(), Zero(), Zero(), Zero()};
  int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int s = 0; s < 4; ++s) {
      const Vec v = Load(x + i + s * kLanes);
      sums[s] = Fma(v, v, sums[s]);
    }
  }
  for (; i + kLanes <= n; i += kLanes) {
    const Vec v = Load(x + i);
    sums[0] = Fma(v, v, sums[0]);
  }
  if (const int rest = static_cast<int>(n - i); rest > 0) {
    const Vec v = LoadFirst(x + i, rest);
    sums[1] = Fma(v, v, sums[1]);
  }
  return Sum(Add(Add(sums[0], sums[1]), Add(sums[2], sums[3])));
}

inline void NormRows(const op::RmsNorm<Tensor>& call, Team& team) {
  const int64_t width = call.weight.cols;
  const float* weight = Row(call.weight, 0);
  SplitRows(team, call.y.rows, call.y.cols, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      for (int64_t at = 0; at < call.y.cols; at += width) {
        const float* x = Row(call.x, m) + at;
        const float mean = SumOfSquares(x, width) / static_cast<float>(width);
        const Vec scale = Set(1.0f / __builtin_sqrtf(mean + call.eps));
        Combine(x, weight, Row(call.y, m) + at, width,
                [scale](Vec a, Vec w) { return Mul(Mul(a, scale), w); });
      }
    }
  });
}

}  // namespace
}  // namespace motley
