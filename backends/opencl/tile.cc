#include "backends/opencl/tile.h"

#include <cstring>

#include "kernels/dequantize/dequantize.h"

namespace motley::opencl {
namespace {

struct Planes {
  int bits = 0;
  bool super = false, min = false;
  int64_t blocks = 0;

  int QuantWords() const { return bits == 8 ? 8 : 4; }
  int HighWords() const { return bits == 5 ? 1 : bits == 6 ? 2 : 0; }
  int ScalesPerBlock() const { return bits == 6 ? 2 : 1; }
  // Of one block, or of the eight of a K type.
  int MetaBytes() const {
    if (!super) return kLanes * (min ? 4 : 2);
    return kLanes * (2 + 8 * ScalesPerBlock() + (min ? 10 : 0));
  }
  int64_t HighAt() const { return blocks * kLanes * 4 * QuantWords(); }
  int64_t MetaAt() const { return HighAt() + blocks * kLanes * 4 * HighWords(); }
  int64_t Bytes() const { return MetaAt() + blocks / (super ? 8 : 1) * MetaBytes(); }
};

Planes PlanesOf(TensorType type, int64_t cols) {
  using enum TensorType;
  Planes p;
  p.bits = type == kQ8_0                                     ? 8
           : type == kQ6_K                                   ? 6
           : type == kQ5_0 || type == kQ5_1 || type == kQ5_K ? 5
                                                             : 4;
  p.super = Traits(type).block_elements == 256;
  p.min = HasMin(type);
  p.blocks = cols / kQuantBlock;
  return p;
}

class TileWriter {
 public:
  TileWriter(const Planes& planes, std::byte* tile)
      : planes_(planes), tile_(reinterpret_cast<uint8_t*>(tile)) {}

  void Write(int64_t block, int row, const QuantBlock& q) {
    if (planes_.bits == 8) {
      for (int w = 0; w < 8; ++w) std::memcpy(Word(0, block * 8 + w, row), q.q + 4 * w, 4);
    } else {
      uint8_t low[16];
      for (int i = 0; i < 16; ++i) {
        low[i] = static_cast<uint8_t>((q.q[i] & 15) | q.q[16 + i] << 4);
      }
      for (int w = 0; w < 4; ++w) std::memcpy(Word(0, block * 4 + w, row), low + 4 * w, 4);
    }
    if (planes_.bits == 5) WriteFifthBits(block, row, q.q);
    if (planes_.bits == 6) WriteHighPairs(block, row, q.q);
    planes_.super ? WriteSuper(block, row, q) : WriteScales(block, row, q);
  }

 private:
  uint8_t* Word(int64_t at, int64_t index, int row) {
    return tile_ + at + (index * kLanes + row) * 4;
  }

  void WriteFifthBits(int64_t block, int row, const uint8_t* q) {
    uint8_t* word = Word(planes_.HighAt(), block, row);
    for (int i = 0; i < 16; ++i) {
      word[i % 4] |= static_cast<uint8_t>(q[i] >> 4 << i / 4 | q[16 + i] >> 4 << (4 + i / 4));
    }
  }

  void WriteHighPairs(int64_t block, int row, const uint8_t* q) {
    for (int i = 0; i < kQuantBlock; ++i) {
      Word(planes_.HighAt(), block * 2 + i / 16, row)[i % 4] |=
          static_cast<uint8_t>(q[i] >> 4 << (2 * (i % 16 / 4)));
    }
  }

  void WriteScales(int64_t block, int row, const QuantBlock& q) {
    uint8_t* meta = tile_ + planes_.MetaAt() + block * planes_.MetaBytes();
    std::memcpy(meta + 2 * row, &q.d, 2);
    if (planes_.min) std::memcpy(meta + 2 * kLanes + 2 * row, &q.m, 2);
  }

  void WriteSuper(int64_t block, int row, const QuantBlock& q) {
    uint8_t* meta = tile_ + planes_.MetaAt() + block / 8 * planes_.MetaBytes();
    std::memcpy(meta + 2 * row, &q.d, 2);
    if (planes_.min) std::memcpy(meta + 2 * kLanes + 2 * row, &q.m, 2);
    uint8_t* scales = meta + kLanes * (planes_.min ? 4 : 2);
    const int count = planes_.ScalesPerBlock();
    for (int part = 0; part < count; ++part) {
      scales[(block % 8 * count + part) * kLanes + row] = static_cast<uint8_t>(q.scale[part]);
    }
    if (planes_.min) scales[(8 + block % 8) * kLanes + row] = q.min;
  }

  const Planes& planes_;
  uint8_t* tile_;
};

template <class Value>
void Transpose(const std::byte* rows, int64_t count, int64_t cols, std::byte* tile) {
  for (int64_t row = 0; row < count; ++row) {
    for (int64_t k = 0; k < cols; ++k) {
      std::memcpy(tile + (k * kLanes + row) * int64_t{sizeof(Value)},
                  rows + (row * cols + k) * int64_t{sizeof(Value)}, sizeof(Value));
    }
  }
}

}  // namespace

int64_t TileBytes(TensorType type, int64_t cols) {
  const int64_t bytes =
      IsQuantized(type) ? PlanesOf(type, cols).Bytes() : kLanes * RowBytes(type, cols);
  return (bytes + 63) / 64 * 64;
}

void WriteTile(TensorType type, int64_t cols, const void* rows, int64_t count, std::byte* tile) {
  const auto* from = static_cast<const std::byte*>(rows);
  const int64_t row_bytes = RowBytes(type, cols);
  if (type == TensorType::kF32) return Transpose<uint32_t>(from, count, cols, tile);
  if (!IsQuantized(type)) return Transpose<uint16_t>(from, count, cols, tile);
  const Planes planes = PlanesOf(type, cols);
  TileWriter writer(planes, tile);
  for (int64_t row = 0; row < count; ++row) {
    for (int64_t block = 0; block < planes.blocks; ++block) {
      writer.Write(block, static_cast<int>(row),
                   ReadQuantBlock(type, from + row * row_bytes, block));
    }
  }
}

}  // namespace motley::opencl
