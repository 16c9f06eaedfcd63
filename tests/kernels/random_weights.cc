#include "tests/kernels/random_weights.h"

#include <cstring>
#include <thread>

#include "kernels/dequantize/half.h"

namespace motley {
namespace {

class Generator {
 public:
  explicit Generator(uint32_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  uint32_t Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 32);
  }
  float Uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(Next() >> 8) * 0x1p-24f;
  }

 private:
  uint64_t state_;
};

void PutHalf(uint8_t* at, float value) {
  const uint16_t half = FloatToHalf(value);
  std::memcpy(at, &half, sizeof(half));
}

// Gives a block of random bytes scales that a trained model might have.
void SetScales(TensorType type, uint8_t* block, Generator& random) {
  const float scale = random.Uniform(0.001f, 0.02f), min = random.Uniform(0.001f, 0.02f);
  switch (type) {
    case TensorType::kQ8_0:
      return PutHalf(block, scale / 16);
    case TensorType::kQ6_K:
      return PutHalf(block + 208, scale / 256);
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      return PutHalf(block, scale / 32), PutHalf(block + 2, min / 4);
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
      return PutHalf(block, scale), PutHalf(block + 2, -8 * min);
    default:
      return PutHalf(block, scale);
  }
}

}  // namespace

std::vector<TensorType> WeightTypes() {
  using enum TensorType;
  return {kF32, kF16, kBF16, kQ8_0, kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ4_K, kQ5_K, kQ6_K};
}

std::vector<uint8_t> RandomWeights(TensorType type, int64_t rows, int64_t cols, uint32_t seed) {
  std::vector<uint8_t> data(static_cast<size_t>(rows * RowBytes(type, cols)));
  Generator random(seed);
  const auto step = static_cast<size_t>(Traits(type).block_bytes);
  for (size_t at = 0; at < data.size(); at += step) {
    if (!IsQuantized(type)) {
      const float value = random.Uniform(-0.1f, 0.1f);
      const uint16_t half = type == TensorType::kF16 ? FloatToHalf(value) : FloatToBFloat16(value);
      std::memcpy(&data[at], type == TensorType::kF32 ? static_cast<const void*>(&value) : &half,
                  step);
      continue;
    }
    for (size_t i = 0; i < step; ++i) data[at + i] = static_cast<uint8_t>(random.Next() >> 24);
    SetScales(type, &data[at], random);
  }
  return data;
}

std::vector<float> RandomValues(int64_t count, uint32_t seed) {
  Generator random(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = random.Uniform(-1, 1);
  return values;
}

PackedWeight::PackedWeight(TensorType type, int64_t rows, int64_t cols,
                           const std::vector<uint8_t>& file)
    : memory_(PackedBytes(type, rows, cols)) {
  PackRows(type, cols, 0, rows, file.data(), memory_.data());
  tensor_ = {.handle = memory_.data(),
             .type = type,
             .layout = Layout::kDevice,
             .rows = rows,
             .cols = cols};
}

Tensor DenseTensor(std::vector<float>& values, int64_t rows, int64_t cols) {
  return {.handle = values.data(), .rows = rows, .cols = cols, .stride = cols};
}

Tensor IndexTensor(std::vector<int32_t>& values) {
  return {.handle = values.data(),
          .type = TensorType::kI32,
          .rows = static_cast<int64_t>(values.size()),
          .cols = 1,
          .stride = 1};
}

void ThreadTeam::RunRaw(Raw function, void* argument) {
  std::vector<std::thread> others;
  for (int i = 1; i < threads_; ++i) others.emplace_back(function, argument, i);
  function(argument, 0);
  for (std::thread& other : others) other.join();
}

}  // namespace motley
