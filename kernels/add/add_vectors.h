#pragma once
// op::Add over the vector of the including file. Unnamed namespace.

#include "kernels/operand.h"
#include "kernels/vector/rows.h"

namespace motley {
namespace {

inline void AddRows(const op::Add<Tensor>& call, Team& team) {
  SplitRows(team, call.y.rows, call.y.cols, [&](int64_t first, int64_t last) {
    for (int64_t m = first; m < last; ++m) {
      Combine(Row(call.a, m), Row(call.b, m), Row(call.y, m), call.y.cols,
              [](Vec a, Vec b) { return Add(a, b); });
    }
  });
}

}  // namespace
}  // namespace motley
