#pragma once
// The layout of weights on an OpenCL device: tiles of 16 rows, so that row r of a tile is lane r of
// a CPU's vector or item r of a GPU's group, and both read whole cache lines. Pure; any thread.
// kernels/mul_mat/weight_tile_opencl.cl reads it.
//
// Quantised types, in blocks of 32 values; a tile holds one after the other, each for all its
// blocks:
//   quants  [words][16 rows] of uint32. 4 bits + rest: four words, byte b of word w is value 4w + b
//   in its low
//           nibble, 16 + 4w + b in its high one. 8 bits: eight words, byte b of word w is value 4w
//           + b.
//   high    5 bits: one word; bit 8b + w is that of value 4w + b, bit 8b + 4 + w of value 16 + 4w +
//   b.
//           6 bits: two words, for values 0..15 and 16..31; bits 8b + 2w, 8b + 2w + 1 are those of
//           value 4w + b.
//   meta    binary16 d[16] per block, then m[16] where the type has one. K types, per eight blocks:
//   d[16], m[16]
//           (-dmin; not Q6_K), then bytes: scale[8][16] (Q6_K: [8][2][16], signed), min[8][16] (not
//           Q6_K).
// F32, F16, BF16: [cols][16 rows]. Tiles start at multiples of 64 bytes; rows past the last are
// zeros.

#include <cstddef>
#include <cstdint>

#include "kernels/op.h"

namespace motley::opencl {

inline constexpr int kLanes = 16;

// Bytes of a tile; cols is a multiple of the type's block.
int64_t TileBytes(TensorType type, int64_t cols);
// Writes `count` <= 16 rows, as they are in the file, into a zeroed tile.
void WriteTile(TensorType type, int64_t cols, const void* rows, int64_t count, std::byte* tile);

}  // namespace motley::opencl
