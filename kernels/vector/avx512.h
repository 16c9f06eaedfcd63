#pragma once
// The vector of an AVX-512 file: 16 floats, and the few functions on it that ops need. avx2.h has
// the same names, so that an op's loop is written once (NAME_vectors.h) and compiled for both.
// Include in *_avx512.cc only; everything is in an unnamed namespace (see operand.h).

#include <immintrin.h>

#include <cstdint>

namespace motley {
namespace {

using Vec = __m512;
using Mask = __mmask16;
inline constexpr int kLanes = 16;

inline Vec Load(const float* p) { return _mm512_loadu_ps(p); }
inline void Store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
// The first `n` lanes, 0 < n < kLanes; the others are 0 and are not stored.
inline Mask FirstLanes(int n) { return static_cast<Mask>((1u << n) - 1); }
inline Vec LoadFirst(const float* p, int n) { return _mm512_maskz_loadu_ps(FirstLanes(n), p); }
inline void StoreFirst(float* p, Vec v, int n) { _mm512_mask_storeu_ps(p, FirstLanes(n), v); }
// Lanes that lie in [first, last); both may be any number.
inline Mask LanesBetween(int64_t first, int64_t last) {
  const auto below = [](int64_t n) { return n <= 0 ? 0u : n >= kLanes ? 0xffffu : (1u << n) - 1; };
  return static_cast<Mask>(below(last) & ~below(first));
}
inline Vec Keep(Mask mask, Vec v) { return _mm512_maskz_mov_ps(mask, v); }
inline Vec Select(Mask mask, Vec yes, Vec no) { return _mm512_mask_mov_ps(no, mask, yes); }

inline Vec Set(float x) { return _mm512_set1_ps(x); }
inline Vec Zero() { return _mm512_setzero_ps(); }
inline Vec Add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline Vec Sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
inline Vec Mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
inline Vec Div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
inline Vec Fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
// The second operand when either is NaN.
inline Vec Max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
inline Vec Min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
inline Vec Round(Vec a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// a * 2^n for whole n; too large is infinity, too small 0.
inline Vec Scale(Vec a, Vec n) { return _mm512_scalef_ps(a, n); }
inline Vec SwapPairs(Vec a) { return _mm512_permute_ps(a, 0xB1); }
inline float First(Vec a) { return _mm512_cvtss_f32(a); }
inline float Sum(Vec a) { return _mm512_reduce_add_ps(a); }
inline float Largest(Vec a) { return _mm512_reduce_max_ps(a); }

// kLanes values of binary16.
inline Vec LoadHalf(const void* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
inline void StoreHalf(void* p, Vec v) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

// rows[i] lane j becomes rows[j] lane i: pairs, quads, then 128-bit quarters.
inline void Transpose(Vec (&rows)[kLanes]) {
  Vec t[kLanes];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  const auto low = [](Vec a, Vec b) {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  };
  const auto high = [](Vec a, Vec b) {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  };
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 4) {  // rows[i + c]: column c of every quarter, of rows i to i + 3
    rows[i] = low(t[i], t[i + 2]);
    rows[i + 1] = high(t[i], t[i + 2]);
    rows[i + 2] = low(t[i + 1], t[i + 3]);
    rows[i + 3] = high(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const Vec a = _mm512_shuffle_f32x4(rows[c], rows[c + 4], 0x88);
    const Vec b = _mm512_shuffle_f32x4(rows[c], rows[c + 4], 0xDD);
    const Vec d = _mm512_shuffle_f32x4(rows[c + 8], rows[c + 12], 0x88);
    const Vec e = _mm512_shuffle_f32x4(rows[c + 8], rows[c + 12], 0xDD);
    t[c] = _mm512_shuffle_f32x4(a, d, 0x88);
    t[c + 8] = _mm512_shuffle_f32x4(a, d, 0xDD);
    t[c + 4] = _mm512_shuffle_f32x4(b, e, 0x88);
    t[c + 12] = _mm512_shuffle_f32x4(b, e, 0xDD);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) rows[i] = t[i];
}

// Lanes whose number of kLanes has this bit.
inline Mask HasBit(const int32_t* numbers, int bit) {
  return _mm512_test_epi32_mask(_mm512_loadu_si512(numbers), _mm512_set1_epi32(1 << bit));
}

}  // namespace
}  // namespace motley
