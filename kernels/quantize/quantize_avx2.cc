#include <immintrin.h>

#include "kernels/quantize/quantize.h"

namespace motley {
namespace {

float Max(__m256 v) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

// 32 integers as bytes, in order.
__m256i Narrow(const __m256i v[4]) {
  const __m256i bytes =
      _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

}  // namespace

void QuantizeAvx2(const float* x, int64_t blocks, const QuantizedRow& out) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  for (int64_t b = 0; b < blocks; ++b, x += 32) {
    __m256 v[4], max = _mm256_setzero_ps();
    for (int i = 0; i < 4; ++i) {
      v[i] = _mm256_loadu_ps(x + 8 * i);
      max = _mm256_max_ps(max, _mm256_andnot_ps(sign, v[i]));
    }
    const float a = Max(max);
    const __m256 inverse = _mm256_set1_ps(a < kQuantizeTiny ? 0 : 127.0f / a);
    __m256i q[4];
    for (int i = 0; i < 4; ++i) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse));
    const __m256i bytes = Narrow(q);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.q + b * out.step), bytes);
    const float d = a < kQuantizeTiny ? 0 : a / 127.0f;
    __builtin_memcpy(out.d + b * out.step, &d, sizeof(d));
    // vpsadbw adds unsigned bytes: biased by 128 each, eight at a time.
    const __m256i biased = _mm256_xor_si256(bytes, _mm256_set1_epi8(-128));
    const __m256i s = _mm256_sad_epu8(biased, _mm256_setzero_si256());
    const __m256i pairs = _mm256_add_epi64(s, _mm256_unpackhi_epi64(s, s));
    const int first = _mm256_extract_epi32(pairs, 0), last = _mm256_extract_epi32(pairs, 4);
    out.sums[2 * b] = static_cast<int16_t>(first - 16 * 128);
    out.sums[2 * b + 1] = static_cast<int16_t>(last - 16 * 128);
  }
}

}  // namespace motley
