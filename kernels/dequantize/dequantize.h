#pragma once
// GGUF's tensor types as floats: the scalar truth about every block format. Stateless; any thread.
// Sizes are the caller's to check.

#include <cstdint>

#include "kernels/op.h"

namespace motley {

// Values that share one scale of activations, and the unit in which all quantised types are
// handled.
inline constexpr int kQuantBlock = 32;

// 32 consecutive values of a row of any quantised type:
//   x[i] = d * scale[i / 16] * (q[i] - ZeroPoint(type)) + m * min.
// All products are exact in F32, so x has one rounding where there is a min and none elsewhere.
struct QuantBlock {
  uint8_t q[kQuantBlock];  // unsigned: Q8_0's are biased by 128
  uint16_t d = 0;          // binary16
  uint16_t m = 0;          // binary16; -dmin in the K types
  int8_t scale[2] = {1, 1};
  uint8_t min = 1;
};

constexpr bool IsQuantized(TensorType type) {
  return type >= TensorType::kQ8_0 && type <= TensorType::kQ6_K;
}
constexpr bool HasMin(TensorType type) {
  using enum TensorType;
  return type == kQ4_1 || type == kQ5_1 || type == kQ4_K || type == kQ5_K;
}
// The unsigned value that stands for zero; 0 where a min does its work.
inline constexpr int ZeroPoint(TensorType type) {
  using enum TensorType;
  return type == kQ4_0 ? 8 : type == kQ5_0 ? 16 : type == kQ6_K ? 32 : type == kQ8_0 ? 128 : 0;
}

// Values 32 * index .. 32 * index + 31 of a row in GGUF's blocks; `type` is quantised.
QuantBlock ReadQuantBlock(TensorType type, const void* row, int64_t index);
void DequantizeBlock(TensorType type, const QuantBlock& block, float* out);

// `cols` values of a row as it is in the file; any type but kI32. `row` needs no alignment.
void DequantizeRow(TensorType type, const void* row, int64_t cols, float* out);

}  // namespace motley
