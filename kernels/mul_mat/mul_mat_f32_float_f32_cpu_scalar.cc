#include <cstring>

#include "kernels/dequantize/half.h"
#include "kernels/mul_mat/micro.h"

namespace motley {
namespace {

// The 32 weights at one value of k.
template <TensorType kType>
void Load(const uint8_t* column, float* out) {
  if constexpr (kType == TensorType::kF32) {
    std::memcpy(out, column, kTileRows * sizeof(float));
    return;
  }
  uint16_t bits[kTileRows];
  std::memcpy(bits, column, sizeof(bits));
  for (int n = 0; n < kTileRows; ++n) {
    out[n] = kType == TensorType::kF16 ? HalfToFloat(bits[n]) : BFloat16ToFloat(bits[n]);
  }
}

template <TensorType kType>
void Multiply(const MicroCall& call) {
  constexpr int64_t kBytes = kTileRows * (kType == TensorType::kF32 ? 4 : 2);
  const auto* x = reinterpret_cast<const float*>(call.x);
  float sums[kMaxRows][kTileRows] = {};
  for (int r = 0; r < call.rows && !call.first; ++r) {
    std::memcpy(sums[r], call.y + r * call.y_stride, sizeof(sums[r]));
  }
  for (int64_t k = 0; k < call.steps; ++k) {
    float w[kTileRows];
    Load<kType>(call.weights + k * kBytes, w);
    for (int r = 0; r < call.rows; ++r) {
      const float value = x[r * call.x_stride + k];
      for (int n = 0; n < kTileRows; ++n) sums[r][n] += w[n] * value;
    }
  }
  for (int r = 0; r < call.rows; ++r) {
    std::memcpy(call.y + r * call.y_stride, sums[r], sizeof(sums[r]));
  }
}

}  // namespace

void AddFloatScalar(MicroKernels& table) {
  using enum TensorType;
  for (int i = 0; i < kMaxRows; ++i) {
    table.direct[static_cast<int>(kF32)][i] = Multiply<kF32>;
    table.direct[static_cast<int>(kF16)][i] = Multiply<kF16>;
    table.direct[static_cast<int>(kBF16)][i] = Multiply<kBF16>;
  }
}

}  // namespace motley
