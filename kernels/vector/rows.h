#pragma once
// Loops over a row of floats on the vector of avx2.h or avx512.h, which is included before. Unnamed
// namespace.

namespace motley {
namespace {

// y[i] = f(a[i], b[i]) for i < n; f takes and gives vectors. y may be a or b.
template <class F>
inline void Combine(const float* a, const float* b, float* y, int64_t n, F&& f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(y + i, f(Load(a + i), Load(b + i)));
  if (const int rest = static_cast<int>(n - i); rest > 0) {
    StoreFirst(y + i, f(LoadFirst(a + i, rest), LoadFirst(b + i, rest)), rest);
  }
}

}  // namespace
}  // namespace motley
