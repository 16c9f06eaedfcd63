#pragma once
// Exponential, sine and cosine over the vector of avx2.h or avx512.h, which is included before.
// Unnamed namespace.

namespace motley {
namespace {

// 2^f for |f| <= 0.5, relative error 2e-9 before rounding (minimax with the constant fixed to 1, by
// Lawson's iteration over 4001 Chebyshev points).
inline Vec Exp2Fraction(Vec f) {
  Vec p = Set(1.5353362e-4f);
  p = Fma(p, f, Set(1.3398875e-3f));
  p = Fma(p, f, Set(9.61843692e-3f));
  p = Fma(p, f, Set(5.55033237e-2f));
  p = Fma(p, f, Set(2.40226477e-1f));
  p = Fma(p, f, Set(6.93147182e-1f));
  return Fma(p, f, Set(1.0f));
}

// 2^x; 1 at 0. For x in [-200, 0], below it is 2^-200, that is 0.
inline Vec Exp2(Vec x) {
  x = Max(Set(-200.0f), x);
  const Vec n = Round(x);
  return Scale(Exp2Fraction(Sub(x, n)), n);
}

// e^x within 2 units in the last place for all x; infinity, 0 and NaN as they should be.
inline Vec Exp(Vec x) {
  x = Min(Set(90.0f), Max(Set(-110.0f), x));
  const Vec n = Round(Mul(x, Set(1.44269504f)));
  // ln 2 = 355/512 - 2.12e-4: n times the first has at most 17 bits, so the difference is exact
  // (Cody and Waite).
  Vec r = Fma(n, Set(-0.693359375f), x);
  r = Fma(n, Set(2.12194440e-4f), r);
  return Scale(Exp2Fraction(Mul(r, Set(1.44269504f))), n);
}

// Sine and cosine of x + quarters * pi / 2 for x in [-pi/4, pi/4] and quarters in [0, 4): Taylor's
// series in float, whose next terms are below 2e-9.
inline void SinCos(Vec x, const int32_t* quarters, Vec* sine, Vec* cosine) {
  const Vec square = Mul(x, x);
  Vec s = Set(1.0f / 362880);
  s = Fma(s, square, Set(-1.0f / 5040));
  s = Fma(s, square, Set(1.0f / 120));
  s = Fma(s, square, Set(-1.0f / 6));
  s = Fma(Mul(s, square), x, x);
  Vec c = Set(-1.0f / 3628800);
  c = Fma(c, square, Set(1.0f / 40320));
  c = Fma(c, square, Set(-1.0f / 720));
  c = Fma(c, square, Set(1.0f / 24));
  c = Fma(c, square, Set(-0.5f));
  c = Fma(c, square, Set(1.0f));
  // Quadrants 1 and 3 swap the two, 2 and 3 turn the sine, 1 and 2 the cosine.
  const Mask odd = HasBit(quarters, 0);
  const Mask upper = HasBit(quarters, 1);
  const Vec plain_s = Select(odd, c, s);
  const Vec plain_c = Select(odd, Sub(Zero(), s), c);
  *sine = Select(upper, Sub(Zero(), plain_s), plain_s);
  *cosine = Select(upper, Sub(Zero(), plain_c), plain_c);
}

}  // namespace
}  // namespace motley
