#include "kernels/dequantize/dequantize.h"

#include <cstring>

#include "kernels/dequantize/blocks.h"
#include "kernels/dequantize/half.h"

namespace motley {
namespace {

template <class Block>
Block Load(const void* row, int64_t index) {
  Block block;  // a copy: rows of a file may lie at odd addresses
  std::memcpy(&block, static_cast<const uint8_t*>(row) + index * int64_t{sizeof(Block)},
              sizeof(Block));
  return block;
}

void ReadNibbles(const uint8_t* qs, QuantBlock& out) {
  for (int i = 0; i < 16; ++i) {
    out.q[i] = qs[i] & 15;
    out.q[i + 16] = qs[i] >> 4;
  }
}

void AddFifthBits(const uint8_t* qh, QuantBlock& out) {
  for (int i = 0; i < 32; ++i) out.q[i] |= ((qh[i / 8] >> (i % 8)) & 1) << 4;
}

template <class Block>
QuantBlock ReadLegacy(const void* row, int64_t index) {
  const auto b = Load<Block>(row, index);
  QuantBlock out;
  ReadNibbles(b.qs, out);
  if constexpr (requires { b.qh; }) AddFifthBits(b.qh, out);
  if constexpr (requires { b.m; }) out.m = b.m;
  out.d = b.d;
  return out;
}

QuantBlock ReadQ8_0(const void* row, int64_t index) {
  const auto b = Load<BlockQ8_0>(row, index);
  QuantBlock out;
  for (int i = 0; i < 32; ++i) out.q[i] = static_cast<uint8_t>(b.qs[i] + 128);
  out.d = b.d;
  return out;
}

// The 6-bit scale and min of sub-block s: four of each in whole bytes, the rest as nibbles with
// their two high bits in the tops of those bytes.
void ReadScaleAndMin(const uint8_t* scales, int s, QuantBlock& out) {
  if (s < 4) {
    out.scale[0] = static_cast<int8_t>(scales[s] & 63);
    out.min = scales[s + 4] & 63;
  } else {
    out.scale[0] = static_cast<int8_t>((scales[s + 4] & 15) | (scales[s - 4] >> 6) << 4);
    out.min = static_cast<uint8_t>((scales[s + 4] >> 4) | (scales[s] >> 6) << 4);
  }
  out.scale[1] = out.scale[0];
}

template <class Block>
QuantBlock ReadQ45K(const void* row, int64_t index) {
  const auto b = Load<Block>(row, index / 8);
  const int s = static_cast<int>(index % 8);
  QuantBlock out;
  const uint8_t* qs = b.qs + 32 * (s / 2);
  for (int i = 0; i < 32; ++i) {
    out.q[i] = s % 2 ? qs[i] >> 4 : qs[i] & 15;
    if constexpr (requires { b.qh; }) out.q[i] |= ((b.qh[i] >> s) & 1) << 4;
  }
  ReadScaleAndMin(b.scales, s, out);
  out.d = b.d;
  out.m = b.dmin ^ 0x8000;
  return out;
}

QuantBlock ReadQ6K(const void* row, int64_t index) {
  const auto b = Load<BlockQ6_K>(row, index / 8);
  const int s = static_cast<int>(index % 8), half = s / 4, part = s % 4;
  const uint8_t* ql = b.ql + 64 * half + 32 * (part % 2);
  const uint8_t* qh = b.qh + 32 * half;
  QuantBlock out;
  for (int i = 0; i < 32; ++i) {
    const int low = part < 2 ? ql[i] & 15 : ql[i] >> 4;
    out.q[i] = static_cast<uint8_t>(low | ((qh[i] >> (2 * part)) & 3) << 4);
  }
  out.d = b.d;
  out.scale[0] = b.scales[2 * s];
  out.scale[1] = b.scales[2 * s + 1];
  return out;
}

}  // namespace

QuantBlock ReadQuantBlock(TensorType type, const void* row, int64_t index) {
  switch (type) {
    case TensorType::kQ4_0:
      return ReadLegacy<BlockQ4_0>(row, index);
    case TensorType::kQ4_1:
      return ReadLegacy<BlockQ4_1>(row, index);
    case TensorType::kQ5_0:
      return ReadLegacy<BlockQ5_0>(row, index);
    case TensorType::kQ5_1:
      return ReadLegacy<BlockQ5_1>(row, index);
    case TensorType::kQ8_0:
      return ReadQ8_0(row, index);
    case TensorType::kQ4_K:
      return ReadQ45K<BlockQ4_K>(row, index);
    case TensorType::kQ5_K:
      return ReadQ45K<BlockQ5_K>(row, index);
    default:
      return ReadQ6K(row, index);
  }
}

void DequantizeBlock(TensorType type, const QuantBlock& block, float* out) {
  const float d = HalfToFloat(block.d);
  const int zero = ZeroPoint(type);
  for (int half = 0; half < 2; ++half) {
    const float scale = d * block.scale[half];
    for (int i = 16 * half; i < 16 * half + 16; ++i) {
      out[i] = scale * static_cast<float>(block.q[i] - zero);
    }
  }
  if (!HasMin(type)) return;
  const float min = HalfToFloat(block.m) * block.min;
  for (int i = 0; i < kQuantBlock; ++i) out[i] += min;
}

void DequantizeRow(TensorType type, const void* row, int64_t cols, float* out) {
  if (type == TensorType::kF32) {
    std::memcpy(out, row, static_cast<size_t>(cols) * sizeof(float));
    return;
  }
  if (!IsQuantized(type)) {
    const auto convert = type == TensorType::kF16 ? HalfToFloat : BFloat16ToFloat;
    for (int64_t i = 0; i < cols; ++i) out[i] = convert(Load<uint16_t>(row, i));
    return;
  }
  for (int64_t i = 0; i < cols / kQuantBlock; ++i) {
    DequantizeBlock(type, ReadQuantBlock(type, row, i), out + i * kQuantBlock);
  }
}

}  // namespace motley
