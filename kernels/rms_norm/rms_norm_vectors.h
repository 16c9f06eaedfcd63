#pragma once
// op::RmsNorm over the vector of the including file. Unnamed namespace.

#include "kernels/operand.h"
#include "kernels/vector/rows.h"

namespace motley {
namespace {

// 64 chains side by side, value i in chain i % 64, then halves onto halves: an order that vectors
// of any width and the groups of a GPU share, so that all give the same bits.
inline constexpr int kChains = 64;

inline float SumOfSquares(const float* x, int64_t n) {
  constexpr int kSums = kChains / kLanes;
  Vec sums[kSums];
  for (Vec& sum : sums) sum = Zero();
  int64_t i = 0;
  for (; i + kChains <= n; i += kChains) {
#pragma GCC unroll 8
    for (int s = 0; s < kSums; ++s) {
      const Vec v = Load(x + i + s * kLanes);
      sums[s] = Fma(v, v, sums[s]);
    }
  }
  for (int s = 0; i < n; ++s, i += kLanes) {
    const int64_t left = n - i;
    const Vec v = left >= kLanes ? Load(x + i) : LoadFirst(x + i, static_cast<int>(left));
    sums[s] = Fma(v, v, sums[s]);
  }
#pragma GCC unroll 4
  for (int half = kSums / 2; half > 0; half /= 2) {
    for (int s = 0; s < half; ++s) sums[s] = Add(sums[s], sums[s + half]);
  }
  return Sum(sums[0]);
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
