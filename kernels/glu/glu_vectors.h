#pragma once
// op::Glu over the vector of the including file. Unnamed namespace.

#include "kernels/operand.h"
#include "kernels/vector/math.h"
#include "kernels/vector/rows.h"

namespace motley {
namespace {

inline Vec GluSilu(Vec gate, Vec up) {
  const Vec sigmoid_inverse = Add(Set(1.0f), Exp(Sub(Zero(), gate)));
  return Mul(Div(gate, sigmoid_inverse), up);
}

inline Vec GluGeluTanh(Vec gate, Vec up) {
  const Vec cube = Mul(Mul(gate, gate), gate);
  const Vec minus_twice_u = Mul(Set(-kGeluTwiceScale), Fma(Set(kGeluCubic), cube, gate));
  return Mul(Div(gate, Add(Set(1.0f), Exp(minus_twice_u))), up);
}

template <class F>
inline void GluRowsWith(const op::Glu<Tensor>& call, Team& team, F&& activate) {
  constexpr int64_t kAddsPerExp = 8;
  SplitRows(team, call.y.rows, call.y.cols * kAddsPerExp, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      Combine(Row(call.gate, m), Row(call.up, m), Row(call.y, m), call.y.cols, activate);
    }
  });
}

inline void GluRows(const op::Glu<Tensor>& call, Team& team) {
  if (call.activation == Activation::kSilu) {
    GluRowsWith(call, team, [](Vec gate, Vec up) { return GluSilu(gate, up); });
  } else {
    GluRowsWith(call, team, [](Vec gate, Vec up) { return GluGeluTanh(gate, up); });
  }
}

}  // namespace
}  // namespace motley
