#pragma once
// Host addresses of operands, and work over rows. For kernels only; stateless.
//
// Everything here has internal linkage: files compiled for AVX must not share an inline function
// with portable ones, or the linker may keep the copy that an older CPU cannot run.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/op.h"
#include "kernels/team.h"

namespace motley {

static inline std::byte* Address(const Tensor& t) {
  return static_cast<std::byte*>(t.handle) + t.offset;
}

// Row `row` of a dense tensor whose values are of type T.
template <class T = float>
static inline T* Row(const Tensor& t, int64_t row) {
  return reinterpret_cast<T*>(Address(t)) + row * t.stride;
}

static inline int32_t Index(const Tensor& t, int64_t row) { return *Row<int32_t>(t, row); }

// body(first, last) over 0..rows, split over the team when a row's `values` make a fork worth its
// microsecond.
template <class F>
static inline void SplitRows(Team& team, int64_t rows, int64_t values, F&& body) {
  constexpr int64_t kValuesPerFork = 16384;
  if (team.threads() == 1 || rows < 2 || rows * values < kValuesPerFork) {
    body(int64_t{0}, rows);
    return;
  }
  team.Run([&](int thread) {
    const int64_t first = rows * thread / team.threads();
    const int64_t last = rows * (thread + 1) / team.threads();
    if (first < last) body(first, last);
  });
}

}  // namespace motley
