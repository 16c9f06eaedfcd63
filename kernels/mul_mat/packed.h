#pragma once
// The layout of weights for CPU kernels: tiles of 32 output rows, each one contiguous stream over
// k, so that a thread reads its share of a matrix front to back in whole cache lines. Stateless;
// any thread. Sizes are the caller's to check: cols is a multiple of the type's block, and packed
// memory is aligned to 64 bytes.
//
// Quantised types, per block of 32 values of k (j = 0..7 are steps of four values, "row" is 0..31
// in the tile):
//   quants   4 bits + rest: four times [32 rows][4 bytes]; byte t of row n in dword j: low nibble
//   is value 4j + t, high
//            nibble 16 + 4j + t.  8 bits: eight times [32 rows][4 bytes], byte t in dword j is
//            value 4j + t
//   high     5 bits: per step j, per half of 16 rows, 64 bits, bit 4 * (row % 16) + t.  6 bits:
//   twice [32 rows][4
//            bytes], bits 2f, 2f + 1 of byte t in dword i belong to value 4 * (4i + f) + t
//   scales   [32] binary16; in the K types [32] bytes (Q6_K: [2][32] int8, for values 0..15
//   and 16..31) mins     as scales, where the type has them
// K types put a header [32] d, [32] -dmin (binary16; Q6_K: d alone) before every eight blocks.
// Nothing grows but Q4_K (2.8 %), Q5_K (2.3 %) and the last tile. F32, F16, BF16: [cols][32 rows].

#include <cstddef>
#include <cstdint>

#include "kernels/dequantize/dequantize.h"
#include "kernels/op.h"

namespace motley {

inline constexpr int kTileRows = 32;
inline constexpr int kPackedAlignment = 64;

// Where things are in a tile of a quantised type; offsets and sizes in bytes.
struct PackedLayout {
  int bits = 0;        // of a quant: 4, 5, 6 or 8
  bool super = false;  // a K type
  bool min = false;
  int scales = 1;  // per block of 32

  constexpr int Header() const { return super ? 64 * (min ? 2 : 1) : 0; }
  constexpr int GroupBlocks() const { return super ? 8 : 1; }  // blocks of 32 behind one header
  constexpr int HighAt() const { return bits == 8 ? 1024 : 512; }
  constexpr int ScalesAt() const { return HighAt() + (bits == 5 ? 128 : bits == 6 ? 256 : 0); }
  constexpr int MinsAt() const { return ScalesAt() + (super ? 32 * scales : 64); }
  constexpr int BlockBytes() const { return MinsAt() + (!min ? 0 : super ? 32 : 64); }
  constexpr int GroupBytes() const { return Header() + GroupBlocks() * BlockBytes(); }
};

constexpr PackedLayout PackedLayoutOf(TensorType type) {
  using enum TensorType;
  const bool super = type == kQ4_K || type == kQ5_K || type == kQ6_K;
  const int bits = type == kQ8_0                                     ? 8
                   : type == kQ6_K                                   ? 6
                   : type == kQ5_0 || type == kQ5_1 || type == kQ5_K ? 5
                                                                     : 4;
  return {bits, super, HasMin(type), type == kQ6_K ? 2 : 1};
}

int64_t PackedTileBytes(TensorType type, int64_t cols);
// Bytes of a whole matrix; tails of the last tile are included.
int64_t PackedBytes(TensorType type, int64_t rows, int64_t cols);

// Writes rows [first_row, first_row + count) of a matrix, given as they are in the file, to their
// place in `packed`, which is the start of the whole matrix and was zeroed before the first call.
// Rows that are never written count as zeros. A matrix may be packed in any number of calls, and
// calls for different tiles may run at the same time.
void PackRows(TensorType type, int64_t cols, int64_t first_row, int64_t count, const void* source,
              void* packed);

// Row `row` of a packed matrix as floats: the same bits as DequantizeRow gives for the row of the
// file.
void UnpackRow(TensorType type, const void* packed, int64_t cols, int64_t row, float* out);

}  // namespace motley
