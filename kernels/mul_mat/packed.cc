#include "kernels/mul_mat/packed.h"

#include <cstring>

#include "kernels/dequantize/half.h"

namespace motley {
namespace {

int64_t ElementBytes(TensorType type) { return type == TensorType::kF32 ? 4 : 2; }

template <class T>
void Put(uint8_t* area, int row, T value) {
  std::memcpy(area + row * sizeof(T), &value, sizeof(T));
}
template <class T>
T Get(const uint8_t* area, int row) {
  T value;
  std::memcpy(&value, area + row * sizeof(T), sizeof(T));
  return value;
}

// A block of one row of a tile: `head` is the group's header, `block` the block's area.
struct Place {
  PackedLayout layout;
  uint8_t* head;
  uint8_t* block;
  int row;

  uint8_t* FifthBits(int step) const {
    return block + layout.HighAt() + 16 * step + 8 * (row / 16) + row % 16 / 2;
  }
};

Place PlaceOf(TensorType type, void* packed, int64_t cols, int64_t row, int64_t index) {
  const PackedLayout layout = PackedLayoutOf(type);
  uint8_t* tile = static_cast<uint8_t*>(packed) + row / kTileRows * PackedTileBytes(type, cols);
  uint8_t* group = tile + index / layout.GroupBlocks() * layout.GroupBytes();
  uint8_t* block = group + layout.Header() + index % layout.GroupBlocks() * layout.BlockBytes();
  return {layout, group, block, static_cast<int>(row % kTileRows)};
}

// Four quants of a step are handled as the four bytes of a word.
void WriteQuants(const Place& at, const uint8_t* q) {
  const PackedLayout& layout = at.layout;
  uint8_t* high = at.block + layout.HighAt();
  uint32_t words[8];
  std::memcpy(words, q, sizeof(words));
  for (int j = 0; j < 8; ++j) {
    if (layout.bits == 8) {
      Put(at.block + 128 * j, at.row, words[j]);
    } else if (j < 4) {
      const uint32_t low = words[j] & 0x0f0f0f0f, upper = words[j + 4] & 0x0f0f0f0f;
      Put(at.block + 128 * j, at.row, low | upper << 4);
    }
    if (layout.bits == 5) {  // the product gathers bit 0 of the four bytes in bits 28..31
      const uint32_t bits = ((words[j] >> 4) & 0x01010101) * 0x10204080 >> 28;
      *at.FifthBits(j) |= static_cast<uint8_t>(bits << (4 * (at.row % 2)));
    }
    if (layout.bits == 6) {
      uint8_t* area = high + 128 * (j / 4);
      const uint32_t bits = ((words[j] >> 4) & 0x03030303) << (2 * (j % 4));
      Put(area, at.row, Get<uint32_t>(area, at.row) | bits);
    }
  }
}

void ReadQuants(const Place& at, uint8_t* q) {
  const PackedLayout& layout = at.layout;
  const uint8_t* high = at.block + layout.HighAt();
  uint32_t words[8];
  for (int j = 0; j < 8; ++j) {
    if (layout.bits == 8) {
      words[j] = Get<uint32_t>(at.block + 128 * j, at.row);
      continue;
    }
    words[j] = (Get<uint32_t>(at.block + 128 * (j % 4), at.row) >> (j / 4 * 4)) & 0x0f0f0f0f;
    if (layout.bits == 5) {  // and this one spreads four bits over four bytes
      const uint32_t bits = (*at.FifthBits(j) >> (4 * (at.row % 2))) & 15;
      words[j] |= ((bits * 0x00204081) & 0x01010101) << 4;
    }
    if (layout.bits == 6) {
      const uint32_t bits = Get<uint32_t>(high + 128 * (j / 4), at.row) >> (2 * (j % 4));
      words[j] |= (bits & 0x03030303) << 4;
    }
  }
  std::memcpy(q, words, sizeof(words));
}

void WriteBlock(const Place& at, const QuantBlock& block) {
  const PackedLayout& layout = at.layout;
  WriteQuants(at, block.q);
  uint8_t* scales = at.block + layout.ScalesAt();
  uint8_t* mins = at.block + layout.MinsAt();
  if (!layout.super) {
    Put(scales, at.row, block.d);
    if (layout.min) Put(mins, at.row, block.m);
    return;
  }
  Put(at.head, at.row, block.d);
  if (layout.min) Put(at.head + 64, at.row, block.m);
  for (int i = 0; i < layout.scales; ++i) Put(scales + 32 * i, at.row, block.scale[i]);
  if (layout.min) Put(mins, at.row, block.min);
}

QuantBlock ReadBlock(const Place& at) {
  const PackedLayout& layout = at.layout;
  QuantBlock block;
  ReadQuants(at, block.q);
  const uint8_t* scales = at.block + layout.ScalesAt();
  const uint8_t* mins = at.block + layout.MinsAt();
  if (!layout.super) {
    block.d = Get<uint16_t>(scales, at.row);
    if (layout.min) block.m = Get<uint16_t>(mins, at.row);
    return block;
  }
  block.d = Get<uint16_t>(at.head, at.row);
  if (layout.min) block.m = Get<uint16_t>(at.head + 64, at.row);
  for (int i = 0; i < 2; ++i) {
    block.scale[i] = Get<int8_t>(scales + 32 * (i % layout.scales), at.row);
  }
  if (layout.min) block.min = Get<uint8_t>(mins, at.row);
  return block;
}

uint8_t* FloatColumn(TensorType type, void* packed, int64_t cols, int64_t row) {
  return static_cast<uint8_t*>(packed) + row / kTileRows * PackedTileBytes(type, cols) +
         row % kTileRows * ElementBytes(type);
}

}  // namespace

int64_t PackedTileBytes(TensorType type, int64_t cols) {
  if (!IsQuantized(type)) return kTileRows * cols * ElementBytes(type);
  const PackedLayout layout = PackedLayoutOf(type);
  return cols / (kQuantBlock * layout.GroupBlocks()) * layout.GroupBytes();
}

int64_t PackedBytes(TensorType type, int64_t rows, int64_t cols) {
  return (rows + kTileRows - 1) / kTileRows * PackedTileBytes(type, cols);
}

void PackRows(TensorType type, int64_t cols, int64_t first_row, int64_t count, const void* source,
              void* packed) {
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* from = static_cast<const uint8_t*>(source) + i * RowBytes(type, cols);
    const int64_t row = first_row + i;
    if (IsQuantized(type)) {
      for (int64_t b = 0; b < cols / kQuantBlock; ++b) {
        WriteBlock(PlaceOf(type, packed, cols, row, b), ReadQuantBlock(type, from, b));
      }
      continue;
    }
    const auto bytes = static_cast<size_t>(ElementBytes(type));
    uint8_t* to = FloatColumn(type, packed, cols, row);
    for (int64_t k = 0; k < cols; ++k, to += kTileRows * bytes, from += bytes) {
      std::memcpy(to, from, bytes);
    }
  }
}

void UnpackRow(TensorType type, const void* packed, int64_t cols, int64_t row, float* out) {
  void* memory = const_cast<void*>(packed);  // Place serves both directions
  if (IsQuantized(type)) {
    for (int64_t b = 0; b < cols / kQuantBlock; ++b) {
      const QuantBlock block = ReadBlock(PlaceOf(type, memory, cols, row, b));
      DequantizeBlock(type, block, out + b * kQuantBlock);
    }
    return;
  }
  const uint8_t* from = FloatColumn(type, memory, cols, row);
  const int64_t step = kTileRows * ElementBytes(type);
  for (int64_t k = 0; k < cols; ++k, from += step) DequantizeRow(type, from, 1, out + k);
}

}  // namespace motley
