#include <cmath>
#include <cstring>

#include "kernels/dequantize/half.h"
#include "kernels/mul_mat/cpu/micro.h"

namespace motley {
namespace {

// A block of a tile: value k of row n is quants[k][n].
struct Block {
  int16_t quants[kQuantBlock][kTileRows];
  float scales[2][kTileRows], mins[kTileRows];
};

// The fifth bits of every row, bit k that of value k.
void GatherFifthBits(const uint8_t* area, uint32_t* out) {
  for (int n = 0; n < kTileRows; ++n) {
    uint32_t bits = 0;
    for (int j = 0; j < 8; ++j) {
      bits |= static_cast<uint32_t>((area[16 * j + n / 2] >> (4 * (n % 2))) & 15) << (4 * j);
    }
    out[n] = bits;
  }
}

// Rows side by side, a word of four values each, so that plain loops over rows become vectors.
template <TensorType kType>
void UnpackQuants(const uint8_t* block, Block& out) {
  constexpr PackedLayout kLayout = PackedLayoutOf(kType);
  uint32_t words[8][kTileRows], high[2][kTileRows] = {};
  std::memcpy(words, block, static_cast<size_t>(kLayout.HighAt()));
  if (kLayout.bits == 5) GatherFifthBits(block + kLayout.HighAt(), high[0]);
  if (kLayout.bits == 6) std::memcpy(high, block + kLayout.HighAt(), sizeof(high));
  for (int k = 0; k < kQuantBlock; ++k) {
    const int j = k / 4, byte = 8 * (k % 4);
    for (int n = 0; n < kTileRows; ++n) {
      uint32_t q = kLayout.bits == 8 ? (words[j][n] >> byte) & 255
                                     : (words[j % 4][n] >> (byte + j / 4 * 4)) & 15;
      if (kLayout.bits == 5) q |= ((high[0][n] >> k) & 1) << 4;
      if (kLayout.bits == 6) q |= ((high[j / 4][n] >> (byte + 2 * (j % 4))) & 3) << 4;
      out.quants[k][n] = static_cast<int16_t>(q);
    }
  }
}

float HalfAt(const uint8_t* area, int n) {
  uint16_t half;
  std::memcpy(&half, area + 2 * n, sizeof(half));
  return HalfToFloat(half);
}

template <TensorType kType>
void Unpack(const uint8_t* head, const uint8_t* block, Block& out) {
  constexpr PackedLayout kLayout = PackedLayoutOf(kType);
  UnpackQuants<kType>(block, out);
  const uint8_t* scales = block + kLayout.ScalesAt();
  const uint8_t* mins = block + kLayout.MinsAt();
  for (int n = 0; n < kTileRows; ++n) {
    for (int i = 0; i < kLayout.scales; ++i) {
      out.scales[i][n] = kLayout.super ? HalfAt(head, n) * static_cast<int8_t>(scales[32 * i + n])
                                       : HalfAt(scales, n);
    }
    if (!kLayout.min) continue;
    out.mins[n] = kLayout.super ? HalfAt(head + 64, n) * mins[n] : HalfAt(mins, n);
  }
}

float FloatAt(const uint8_t* area, int index) {
  float value;
  std::memcpy(&value, area + 4 * index, sizeof(value));
  return value;
}

int IntAt(const uint8_t* area, int index) {
  int32_t value;
  std::memcpy(&value, area + 4 * index, sizeof(value));
  return value;
}

// One row of x against a block: `x` and `correction` are those of all `rows`.
template <TensorType kType>
void AddBlock(const Block& w, const uint8_t* x, const uint8_t* correction, int rows, int r,
              float* sums) {
  constexpr PackedLayout kLayout = PackedLayoutOf(kType);
  constexpr int kValues = kQuantBlock / kLayout.scales;
  const auto* q = reinterpret_cast<const int8_t*>(x + 32 * r);
  const float d = FloatAt(x + 32 * rows, r);
  for (int part = 0; part < kLayout.scales; ++part) {
    int32_t dot[kTileRows];
    const int start = kLayout.min ? 0 : IntAt(correction, part * rows + r);
    for (int32_t& value : dot) value = start;
    for (int k = part * kValues; k < (part + 1) * kValues; ++k) {
      const int16_t value = q[k];
      for (int n = 0; n < kTileRows; ++n) dot[n] += w.quants[k][n] * value;
    }
    for (int n = 0; n < kTileRows; ++n) {
      sums[n] = std::fma(static_cast<float>(dot[n]) * w.scales[part][n], d, sums[n]);
    }
  }
  if (!kLayout.min) return;
  const float sum = FloatAt(correction, r);
  for (int n = 0; n < kTileRows; ++n) sums[n] = std::fma(w.mins[n], sum, sums[n]);
}

template <TensorType kType>
void MultiplyQuants(const MicroCall& call) {
  constexpr PackedLayout kLayout = PackedLayoutOf(kType);
  constexpr int kCorrection = CorrectionBytes(CorrectionOf(kType));
  float sums[kMaxRows][kTileRows] = {};
  for (int r = 0; r < call.rows && !call.first; ++r) {
    std::memcpy(sums[r], call.y + r * call.y_stride, sizeof(sums[r]));
  }
  for (int64_t b = 0; b < call.steps; ++b) {
    const uint8_t* head = call.weights + b / kLayout.GroupBlocks() * kLayout.GroupBytes();
    const int64_t at = kLayout.Header() + b % kLayout.GroupBlocks() * kLayout.BlockBytes();
    Block block;
    Unpack<kType>(head, head + at, block);
    for (int r = 0; r < call.rows; ++r) {
      AddBlock<kType>(block, call.x + b * call.rows * kBlockBytes,
                      call.correction + b * call.rows * kCorrection, call.rows, r, sums[r]);
    }
  }
  for (int r = 0; r < call.rows; ++r) {
    std::memcpy(call.y + r * call.y_stride, sums[r], sizeof(sums[r]));
  }
}

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
void MultiplyFloats(const MicroCall& call) {
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

void AddScalar(MicroKernels& table) {
  const auto add = [&](TensorType type, MicroKernel kernel) {
    for (MicroKernel& entry : table.direct[static_cast<int>(type)]) entry = kernel;
  };
  using enum TensorType;
  add(kQ8_0, MultiplyQuants<kQ8_0>);
  add(kQ4_0, MultiplyQuants<kQ4_0>);
  add(kQ4_1, MultiplyQuants<kQ4_1>);
  add(kQ5_0, MultiplyQuants<kQ5_0>);
  add(kQ5_1, MultiplyQuants<kQ5_1>);
  add(kQ4_K, MultiplyQuants<kQ4_K>);
  add(kQ5_K, MultiplyQuants<kQ5_K>);
  add(kQ6_K, MultiplyQuants<kQ6_K>);
  add(kF32, MultiplyFloats<kF32>);
  add(kF16, MultiplyFloats<kF16>);
  add(kBF16, MultiplyFloats<kBF16>);
  table.quantize = QuantizeScalar;
}

}  // namespace motley
