#include <algorithm>
#include <cstring>

#include "backends/conformance/case.h"
#include "kernels/dequantize/dequantize.h"
#include "kernels/dequantize/half.h"

namespace motley::conformance {
namespace {

void PutHalf(std::byte* at, float value) {
  const uint16_t half = FloatToHalf(value);
  std::memcpy(at, &half, sizeof half);
}

void PutValue(TensorType type, std::byte* at, float value) {
  if (type == TensorType::kF32) {
    std::memcpy(at, &value, sizeof value);
  } else if (type == TensorType::kF16) {
    PutHalf(at, value);
  } else {
    const uint16_t bits = FloatToBFloat16(value);
    std::memcpy(at, &bits, sizeof bits);
  }
}

// Where the halves d and m (or dmin) lie in a block is in kernels/dequantize/blocks.h; Q6_K has its
// d at the end.
void PutScales(TensorType type, std::byte* block, Random& random) {
  const float scale = random.Uniform(0.001f, 0.02f);
  const bool super = Traits(type).block_elements > kQuantBlock;
  const size_t d_at = type == TensorType::kQ6_K ? 208 : 0;
  PutHalf(block + d_at, super ? scale / 64 : scale / 4);
  if (HasMin(type)) PutHalf(block + 2, super ? scale / 16 : -scale);
}

std::vector<std::byte> BytesOf(const std::vector<int32_t>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(int32_t));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

uint32_t Random::Next() {
  // Knuth's MMIX generator; the upper bits are the good ones.
  state_ = state_ * 6364136223846793005u + 1442695040888963407u;
  return static_cast<uint32_t>(state_ >> 32);
}

float Random::Uniform(float low, float high) {
  return low + (high - low) * static_cast<float>(Next() >> 8) * 0x1p-24f;
}

Operand Values(Role role, int64_t rows, int64_t cols, Random& random, TensorType type) {
  Operand out{role, type, rows, cols};
  const auto step = static_cast<size_t>(Traits(type).block_bytes);
  out.data.resize(static_cast<size_t>(rows * cols) * step);
  for (size_t at = 0; at < out.data.size(); at += step) {
    PutValue(type, &out.data[at], random.Uniform(-1, 1));
  }
  return out;
}

Operand WeightOf(TensorType type, int64_t rows, int64_t cols, Random& random) {
  if (!IsQuantized(type)) return Values(Role::kWeight, rows, cols, random, type);
  Operand out{Role::kWeight, type, rows, cols};
  out.data.resize(static_cast<size_t>(rows * RowBytes(type, cols)));
  for (std::byte& byte : out.data) byte = static_cast<std::byte>(random.Next() >> 24);
  const auto step = static_cast<size_t>(Traits(type).block_bytes);
  for (size_t at = 0; at < out.data.size(); at += step) PutScales(type, &out.data[at], random);
  return out;
}

Operand Output(int64_t rows, int64_t cols) { return {Role::kOutput, TensorType::kF32, rows, cols}; }

Operand Indices(std::vector<int32_t> values) {
  return {Role::kInput,   TensorType::kI32, static_cast<int64_t>(values.size()), 1, 0,
          BytesOf(values)};
}

Operand Table(std::vector<int32_t> values, int64_t rows) {
  return {Role::kInput,   TensorType::kI32, rows, static_cast<int64_t>(values.size()) / rows, 0,
          BytesOf(values)};
}

Operand Padded(Operand operand) {
  operand.stride = operand.cols + 8;
  return operand;
}

}  // namespace motley::conformance
