#pragma once
// What quant_kernel.h and float_kernel.h need of AVX-512 F, BW, DQ, VL. For *_avx512*.cc only,
// hence unnamed namespace (see operand.h). Pointers that Load and Store take are aligned to a
// vector.

#include <immintrin.h>

#include <cstdint>

#define MOTLEY_OP [[gnu::always_inline]] static inline

namespace motley {
namespace {

struct Avx512 {
  using Int = __m512i;
  using Float = __m512;
  static constexpr int kLanes = 16, kParts = 2, kFloatPartsAtOnce = 2;
  // One part at a time: eight rows have 16 sums of 16 and 32 bits.
  static constexpr int kPartsAtOnce = 1, kRowsAtOnce = 8, kRegisterRows = 5;

  MOTLEY_OP Int Zero() { return _mm512_setzero_si512(); }
  MOTLEY_OP Int Load(const uint8_t* p) { return _mm512_load_si512(p); }
  MOTLEY_OP void Store(uint8_t* p, Int v) { _mm512_store_si512(p, v); }
  MOTLEY_OP Float LoadFloats(const uint8_t* p) { return _mm512_loadu_ps(p); }
  MOTLEY_OP void StoreFloats(uint8_t* p, Float v) { _mm512_storeu_ps(p, v); }
  MOTLEY_OP Float SpreadFloat(const uint8_t* p) {
    return _mm512_set1_ps(*reinterpret_cast<const float*>(p));
  }
  // As a float: g++ then folds the load into an instruction's broadcast operand.
  MOTLEY_OP Int Spread(const uint8_t* p) { return _mm512_castps_si512(SpreadFloat(p)); }

  MOTLEY_OP Float Mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
  MOTLEY_OP Float Fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  MOTLEY_OP Float ToFloat(Int v) { return _mm512_cvtepi32_ps(v); }
  MOTLEY_OP Float Halfs(const uint8_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  MOTLEY_OP Float BFloats(const uint8_t* p) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  MOTLEY_OP Float Bytes(const uint8_t* p) {  // signed
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
  }

  MOTLEY_OP Int LowNibbles(Int v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
  MOTLEY_OP Int HighNibbles(Int v) { return LowNibbles(_mm512_srli_epi16(v, 4)); }
  MOTLEY_OP Int AddFifthBits(Int low, const uint8_t* bits) {
    const __mmask64 mask = *reinterpret_cast<const uint64_t*>(bits);
    return _mm512_mask_add_epi8(low, mask, low, _mm512_set1_epi8(16));
  }
  // Bits 2 * field, 2 * field + 1 of every byte of `high` become bits 4 and 5.
  MOTLEY_OP Int AddHighBits(Int low, Int high, int field) {
    const Int moved = field == 0   ? _mm512_slli_epi16(high, 4)
                      : field == 1 ? _mm512_slli_epi16(high, 2)
                      : field == 2 ? high
                                   : _mm512_srli_epi16(high, 2);
    constexpr int kOrOfAnd = 0xEA;  // (a & b) | c
    return _mm512_ternarylogic_epi32(moved, _mm512_set1_epi8(0x30), low, kOrOfAnd);
  }

  MOTLEY_OP Int Maddubs(Int w, Int x) { return _mm512_maddubs_epi16(w, x); }
  MOTLEY_OP Int MaddubsBiased(Int w, Int x) {
    const Int real = _mm512_xor_si512(w, _mm512_set1_epi8(-128));
    const __mmask64 negative = _mm512_movepi8_mask(real);
    return _mm512_maddubs_epi16(_mm512_abs_epi8(real),
                                _mm512_mask_sub_epi8(x, negative, Zero(), x));
  }
  MOTLEY_OP Int Add16(Int a, Int b) { return _mm512_add_epi16(a, b); }
  MOTLEY_OP Int Add32(Int a, Int b) { return _mm512_add_epi32(a, b); }
  MOTLEY_OP Int AddPairs(Int v) { return _mm512_madd_epi16(v, _mm512_set1_epi16(1)); }
};

}  // namespace
}  // namespace motley
