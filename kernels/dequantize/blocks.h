#pragma once
// The quantised blocks of a GGUF file, byte for byte (ggml's public type definitions). All
// little-endian; `d`, `m` and `dmin` are binary16. Sub-blocks of a K type share a super-block's d.

#include <cstdint>

namespace motley {

// x[i] = d * (q - 8); byte i of qs holds q[i] low and q[16 + i] high.
struct BlockQ4_0 {
  uint16_t d;
  uint8_t qs[16];
};
// x[i] = d * q + m; nibbles as in Q4_0.
struct BlockQ4_1 {
  uint16_t d, m;
  uint8_t qs[16];
};
// x[i] = d * (q - 16); bit i of the little-endian word qh is the fifth bit of q[i].
struct BlockQ5_0 {
  uint16_t d;
  uint8_t qh[4], qs[16];
};
// x[i] = d * q + m.
struct BlockQ5_1 {
  uint16_t d, m;
  uint8_t qh[4], qs[16];
};
// x[i] = d * q.
struct BlockQ8_0 {
  uint16_t d;
  int8_t qs[32];
};
// Eight sub-blocks of 32: x = d * scale * q - dmin * min. Sub-blocks 2p and 2p + 1 are the low and
// the high nibbles of qs[32p .. 32p + 31]. `scales` holds eight 6-bit scales and eight 6-bit mins.
struct BlockQ4_K {
  uint16_t d, dmin;
  uint8_t scales[12], qs[128];
};
// As Q4_K; bit s of qh[i] is the fifth bit of element i of sub-block s.
struct BlockQ5_K {
  uint16_t d, dmin;
  uint8_t scales[12], qh[32], qs[128];
};
// Sixteen sub-blocks of 16: x = d * scale * (q - 32). Per half of 128: low nibbles of ql[0..63] are
// elements 0..63, high nibbles 64..127; bits 2p, 2p + 1 of qh[i] are the high bits of element 32p +
// i.
struct BlockQ6_K {
  uint8_t ql[128], qh[64];
  int8_t scales[16];
  uint16_t d;
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);

}  // namespace motley
