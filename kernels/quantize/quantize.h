#pragma once
// Activations as int8: blocks of 32 values, one float scale each. Stateless; any thread.

#include <cstddef>
#include <cstdint>

namespace motley {

// Where a row goes: block b has its 32 bytes at q + b * step, its scale at d + b * step (bytes),
// and the sums of its first and its last 16 bytes at sums[2b] and sums[2b + 1].
struct QuantizedRow {
  uint8_t* q;
  uint8_t* d;
  ptrdiff_t step;
  int16_t* sums;
};

// Per block: a = max|x|, d = a / 127, q = x * (127 / a) rounded to nearest even; a block with a <
// 1e-30 is all zeros. Every variant gives the same bits for finite x. `x` is `blocks` * 32 values
// of any alignment.
using QuantizeFunction = void (*)(const float* x, int64_t blocks, const QuantizedRow& out);

inline constexpr float kQuantizeTiny =
    1e-30f;  // below, 127 / a nears the end of the range of floats

void QuantizeScalar(const float* x, int64_t blocks, const QuantizedRow& out);
void QuantizeAvx2(const float* x, int64_t blocks, const QuantizedRow& out);
void QuantizeAvx512(const float* x, int64_t blocks, const QuantizedRow& out);

}  // namespace motley
