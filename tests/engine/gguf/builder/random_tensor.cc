// Random blocks. Where the scales stand in a block: ggml's public block layouts. The factors make
// the values' standard deviation about `spread`: that of uniform q in 0..15 is 4.6, 0..31 9.2,
// 0..63 18.5, int8 74; scales of 6 bits average 32.

#include <bit>
#include <cstring>
#include <random>

#include "base/bytes.h"
#include "tests/engine/gguf/gguf_builder.h"

namespace motley {
namespace {

struct ScalePlace {
  TensorType type;
  int scale_at;
  float scale;    // times spread
  int offset_at;  // -1: none
  float offset;   // times spread
};
constexpr ScalePlace kPlaces[] = {
    {TensorType::kQ8_0, 0, 1 / 74.0f, -1, 0},
    {TensorType::kQ4_0, 0, 1 / 4.6f, -1, 0},
    {TensorType::kQ4_1, 0, 1 / 4.6f, 2, -7.5f / 4.6f},
    {TensorType::kQ5_0, 0, 1 / 9.2f, -1, 0},
    {TensorType::kQ5_1, 0, 1 / 9.2f, 2, -15.5f / 9.2f},
    {TensorType::kQ4_K, 0, 1 / (4.6f * 32), 2, 7.5f / (4.6f * 32)},
    {TensorType::kQ5_K, 0, 1 / (9.2f * 32), 2, 15.5f / (9.2f * 32)},
    {TensorType::kQ6_K, 208, 1 / (74.0f * 18.5f), -1, 0},
};

void PutHalf(char* at, float value) {
  const _Float16 half = static_cast<_Float16>(value);
  std::memcpy(at, &half, sizeof half);
}

void PutPlain(TensorType type, char* at, float value) {
  if (type == TensorType::kF32) std::memcpy(at, &value, sizeof value);
  if (type == TensorType::kF16) PutHalf(at, value);
  if (type == TensorType::kBF16) {
    const auto upper = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
    std::memcpy(at, &upper, sizeof upper);
  }
}

}  // namespace

std::string RandomTensor(TensorType type, int64_t cols, int64_t rows, RandomValues values) {
  const TypeTraits& traits = Traits(type);
  const size_t blocks = static_cast<size_t>(cols / traits.block_elements * rows);
  const size_t block_bytes = static_cast<size_t>(traits.block_bytes);
  std::string out(blocks * block_bytes, '\0');
  std::mt19937_64 random(values.seed);
  if (traits.block_elements == 1) {
    // The sum of three uniform numbers: near enough to a bell, and the same on every standard
    // library.
    const auto uniform = [&] { return static_cast<float>(random() >> 40) / (1 << 23) - 1.0f; };
    for (size_t i = 0; i < blocks; ++i) {
      const float bell = uniform() + uniform() + uniform();
      PutPlain(type, out.data() + i * block_bytes, values.mean + values.spread * bell);
    }
    return out;
  }
  for (char& c : out) c = static_cast<char>(random());
  for (const ScalePlace& place : kPlaces) {
    for (size_t i = 0; place.type == type && i < blocks; ++i) {
      char* block = out.data() + i * block_bytes;
      PutHalf(block + place.scale_at, place.scale * values.spread);
      if (place.offset_at >= 0) PutHalf(block + place.offset_at, place.offset * values.spread);
    }
  }
  return out;
}

}  // namespace motley
