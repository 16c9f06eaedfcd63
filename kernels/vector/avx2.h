#pragma once
// The vector of an AVX2 file: 8 floats, and the same names as avx512.h. Include in *_avx2.cc only;
// everything is in an unnamed namespace (see operand.h).

#include <immintrin.h>

#include <cstdint>

namespace motley {
namespace {

using Vec = __m256;
using Mask = __m256i;  // all bits of a lane or none
inline constexpr int kLanes = 8;

inline Vec Load(const float* p) { return _mm256_loadu_ps(p); }
inline void Store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
// Lanes that lie in [first, last); both may be any number.
inline Mask LanesBetween(int64_t first, int64_t last) {
  const auto clamp = [](int64_t n) {
    return _mm256_set1_epi32(static_cast<int>(n < 0 ? 0 : n > kLanes ? kLanes : n));
  };
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_andnot_si256(_mm256_cmpgt_epi32(clamp(first), lane),
                             _mm256_cmpgt_epi32(clamp(last), lane));
}
// The first `n` lanes, 0 < n < kLanes; the others are 0 and are not stored.
inline Mask FirstLanes(int n) { return LanesBetween(0, n); }
inline Vec LoadFirst(const float* p, int n) { return _mm256_maskload_ps(p, FirstLanes(n)); }
inline void StoreFirst(float* p, Vec v, int n) { _mm256_maskstore_ps(p, FirstLanes(n), v); }
inline Vec Keep(Mask mask, Vec v) { return _mm256_and_ps(_mm256_castsi256_ps(mask), v); }
inline Vec Select(Mask mask, Vec yes, Vec no) {
  return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(mask));
}

inline Vec Set(float x) { return _mm256_set1_ps(x); }
inline Vec Zero() { return _mm256_setzero_ps(); }
inline Vec Add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline Vec Sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
inline Vec Mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
inline Vec Div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
inline Vec Fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
// The second operand when either is NaN.
inline Vec Max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
inline Vec Min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
inline Vec Round(Vec a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// a * 2^n for whole n in [-252, 254]; too large is infinity, too small 0. In two factors, as the
// halves of n are exponents of normal numbers.
inline Vec Scale(Vec a, Vec n) {
  const auto power = [](__m256i exponent) {
    const __m256i biased = _mm256_add_epi32(exponent, _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  };
  const __m256i whole = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  return _mm256_mul_ps(_mm256_mul_ps(a, power(half)), power(_mm256_sub_epi32(whole, half)));
}
inline Vec SwapPairs(Vec a) { return _mm256_permute_ps(a, 0xB1); }
inline float First(Vec a) { return _mm256_cvtss_f32(a); }
inline float Sum(Vec a) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float Largest(Vec a) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// kLanes values of binary16.
inline Vec LoadHalf(const void* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
inline void StoreHalf(void* p, Vec v) {
  _mm_storeu_si128(static_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

// rows[i] lane j becomes rows[j] lane i: pairs, quads, then the halves.
inline void Transpose(Vec (&rows)[kLanes]) {
  Vec t[kLanes];
#pragma GCC unroll 16
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 8; i += 4) {  // rows[i + c]: column c of both halves, of rows i to i + 3
    rows[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    rows[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
    rows[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    rows[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    t[c] = _mm256_permute2f128_ps(rows[c], rows[c + 4], 0x20);
    t[c + 4] = _mm256_permute2f128_ps(rows[c], rows[c + 4], 0x31);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 8; ++i) rows[i] = t[i];
}

// Lanes whose number of kLanes has this bit.
inline Mask HasBit(const int32_t* numbers, int bit) {
  const __m256i n = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(numbers));
  const __m256i wanted = _mm256_set1_epi32(1 << bit);
  return _mm256_cmpeq_epi32(_mm256_and_si256(n, wanted), wanted);
}

}  // namespace
}  // namespace motley
