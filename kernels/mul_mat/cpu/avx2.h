#pragma once
// What quant_kernel.h and float_kernel.h need of AVX2, FMA and F16C. For *_avx2.cc only, hence
// unnamed namespace (see operand.h). Pointers that Load and Store take are aligned to a vector.

#include <immintrin.h>

#include <cstdint>

#define MOTLEY_OP [[gnu::always_inline]] static inline

namespace motley {
namespace {

struct Avx2 {
  using Int = __m256i;
  using Float = __m256;
  static constexpr int kLanes = 8, kParts = 4, kFloatPartsAtOnce = 2;
  // Of 16 registers: four rows have 8 sums of 16 and 32 bits.
  static constexpr int kPartsAtOnce = 1, kRowsAtOnce = 4, kRegisterRows = 1;

  MOTLEY_OP Int Zero() { return _mm256_setzero_si256(); }
  MOTLEY_OP Int Load(const uint8_t* p) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
  }
  MOTLEY_OP Float LoadFloats(const uint8_t* p) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(p));
  }
  MOTLEY_OP void StoreFloats(uint8_t* p, Float v) {
    _mm256_storeu_ps(reinterpret_cast<float*>(p), v);
  }
  MOTLEY_OP Float SpreadFloat(const uint8_t* p) {
    return _mm256_broadcast_ss(reinterpret_cast<const float*>(p));
  }
  MOTLEY_OP Int Spread(const uint8_t* p) { return _mm256_castps_si256(SpreadFloat(p)); }

  MOTLEY_OP Float Mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
  MOTLEY_OP Float Fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  MOTLEY_OP Float ToFloat(Int v) { return _mm256_cvtepi32_ps(v); }
  MOTLEY_OP Float Halfs(const uint8_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  MOTLEY_OP Float BFloats(const uint8_t* p) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  MOTLEY_OP Float Bytes(const uint8_t* p) {  // signed
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }

  MOTLEY_OP Int LowNibbles(Int v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
  MOTLEY_OP Int HighNibbles(Int v) { return LowNibbles(_mm256_srli_epi16(v, 4)); }
  MOTLEY_OP Int AddFifthBits(Int low, const uint8_t* bits) {
    const Int word = _mm256_set1_epi32(*reinterpret_cast<const int32_t*>(bits));
    const Int byte_of =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const Int bit_of = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
    const Int bit = _mm256_and_si256(_mm256_shuffle_epi8(word, byte_of), bit_of);
    const Int set = _mm256_cmpeq_epi8(bit, bit_of);
    return _mm256_or_si256(low, _mm256_and_si256(set, _mm256_set1_epi8(16)));
  }
  // Bits 2 * field, 2 * field + 1 of every byte of `high` become bits 4 and 5.
  MOTLEY_OP Int AddHighBits(Int low, Int high, int field) {
    const Int moved = field == 0   ? _mm256_slli_epi16(high, 4)
                      : field == 1 ? _mm256_slli_epi16(high, 2)
                      : field == 2 ? high
                                   : _mm256_srli_epi16(high, 2);
    return _mm256_or_si256(low, _mm256_and_si256(moved, _mm256_set1_epi8(0x30)));
  }

  MOTLEY_OP Int Maddubs(Int w, Int x) { return _mm256_maddubs_epi16(w, x); }
  MOTLEY_OP Int MaddubsBiased(Int w, Int x) {
    const Int real = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    return _mm256_maddubs_epi16(_mm256_abs_epi8(real), _mm256_sign_epi8(x, real));
  }
  MOTLEY_OP Int Add16(Int a, Int b) { return _mm256_add_epi16(a, b); }
  MOTLEY_OP Int Add32(Int a, Int b) { return _mm256_add_epi32(a, b); }
  MOTLEY_OP Int AddPairs(Int v) { return _mm256_madd_epi16(v, _mm256_set1_epi16(1)); }
};

}  // namespace
}  // namespace motley
