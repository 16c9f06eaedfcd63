#include <immintrin.h>

#include "kernels/quantize/quantize.h"

namespace motley {
namespace {

__m128 MaxTo4(__m512 v) {
  const __m256 v8 = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  return _mm_max_ps(_mm256_castps256_ps128(v8), _mm256_extractf128_ps(v8, 1));
}

// Two blocks of 32 integers as bytes, in order.
__m512i Narrow(__m512i low0, __m512i high0, __m512i low1, __m512i high1) {
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i bytes =
      _mm512_packs_epi16(_mm512_packs_epi32(low0, high0), _mm512_packs_epi32(low1, high1));
  return _mm512_permutexvar_epi32(order, bytes);
}

// The sums of the four halves of two blocks, as int16 in the low 64 bits. vpsadbw adds unsigned
// bytes: biased by 128 each, eight at a time.
int64_t HalfSums(__m512i bytes) {
  const __m512i biased = _mm512_xor_si512(bytes, _mm512_set1_epi8(-128));
  __m512i s = _mm512_sad_epu8(biased, _mm512_setzero_si512());
  s = _mm512_add_epi64(s, _mm512_shuffle_epi32(s, _MM_PERM_BADC));
  s = _mm512_sub_epi64(s, _mm512_set1_epi64(16 * 128));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
  const __m128i sums = _mm512_castsi512_si128(_mm512_permutexvar_epi32(order, s));
  return _mm_cvtsi128_si64(_mm_packs_epi32(sums, sums));
}

// Four blocks side by side: one block is a chain of some 75 cycles of latency, of which the
// scheduler overlaps only two, so that four at once take half the time.
void QuantizeFour(const float* const x[4], uint8_t* q[4], float d[4], int16_t sums[8]) {
  const __m512 sign = _mm512_set1_ps(-0.0f);
  __m512 low[4], high[4];
  __m128 m[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    low[i] = _mm512_loadu_ps(x[i]);
    high[i] = _mm512_loadu_ps(x[i] + 16);
    m[i] = MaxTo4(_mm512_max_ps(_mm512_andnot_ps(sign, low[i]), _mm512_andnot_ps(sign, high[i])));
  }
  _MM_TRANSPOSE4_PS(m[0], m[1], m[2], m[3]);
  const __m128 max = _mm_max_ps(_mm_max_ps(m[0], m[1]), _mm_max_ps(m[2], m[3]));
  const __m128 k127 = _mm_set1_ps(127.0f);
  const __mmask8 some = _mm_cmp_ps_mask(max, _mm_set1_ps(kQuantizeTiny), _CMP_GE_OQ);
  _mm_storeu_ps(d, _mm_maskz_div_ps(some, max, k127));
  alignas(16) float inverse[4];
  _mm_store_ps(inverse, _mm_maskz_div_ps(some, k127, max));
  __m512i qlow[4], qhigh[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512 scale = _mm512_set1_ps(inverse[i]);
    qlow[i] = _mm512_cvtps_epi32(_mm512_mul_ps(low[i], scale));
    qhigh[i] = _mm512_cvtps_epi32(_mm512_mul_ps(high[i], scale));
  }
#pragma GCC unroll 2
  for (int i = 0; i < 4; i += 2) {
    const __m512i bytes = Narrow(qlow[i], qhigh[i], qlow[i + 1], qhigh[i + 1]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(q[i]), _mm512_castsi512_si256(bytes));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(q[i + 1]), _mm512_extracti64x4_epi64(bytes, 1));
    const int64_t four = HalfSums(bytes);
    __builtin_memcpy(sums + 2 * i, &four, sizeof(four));
  }
}

}  // namespace

void QuantizeAvx512(const float* x, int64_t blocks, const QuantizedRow& out) {
  for (int64_t b = 0; b < blocks; b += 4) {
    const int64_t count = blocks - b < 4 ? blocks - b : 4;
    const float* from[4];
    uint8_t* q[4];
    float d[4];
    int16_t sums[8];
    for (int64_t i = 0; i < 4; ++i) {  // missing blocks repeat the first one
      const int64_t block = b + (i < count ? i : 0);
      from[i] = x + 32 * block;
      q[i] = out.q + block * out.step;
    }
    QuantizeFour(from, q, d, sums);
    for (int64_t i = 0; i < count; ++i) {
      __builtin_memcpy(out.d + (b + i) * out.step, &d[i], sizeof(float));
      __builtin_memcpy(out.sums + 2 * (b + i), sums + 2 * i, 4);
    }
  }
}

}  // namespace motley
