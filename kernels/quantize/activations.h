#pragma once
// The x of a call, rounded to int8 and laid out in tiles of up to 8 rows for the micro-kernels.
// Borrows its memory and x; one thread, except that Quantize uses the team.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/dequantize/dequantize.h"
#include "kernels/op.h"
#include "kernels/quantize/quantize.h"
#include "kernels/team.h"

namespace motley {

// 2 zmm of columns x 8 rows of accumulators take half of AVX-512's registers, and M = 8, 16, 512
// divide evenly.
inline constexpr int kMaxRows = 8;

// Quantised activations of R <= 8 rows, per block of 32: R times 32 int8, then R float scales.
inline constexpr int kBlockBytes = 36;  // per row

// What a type needs beside the dot product of its unsigned quants, as one number per row and block
// of activations: the float d * sum for a min, or the integer -zero * sum at which the dot product
// starts.
enum class Correction : uint8_t { kMin, kZero8, kZero16, kZero128, kZero32 };
inline constexpr int kCorrections = 5;
constexpr Correction CorrectionOf(TensorType type) {
  if (HasMin(type)) return Correction::kMin;
  switch (ZeroPoint(type)) {
    case 8:
      return Correction::kZero8;
    case 16:
      return Correction::kZero16;
    case 32:
      return Correction::kZero32;
    default:
      return Correction::kZero128;
  }
}
// Q6_K has scales for 16 values: one number for each half of the block, all rows' first halves
// first.
inline constexpr int CorrectionBytes(Correction c) { return c == Correction::kZero32 ? 8 : 4; }

// M rows in tiles of nearly equal height, the higher ones first.
struct RowTiles {
  int64_t rows, tiles, height, higher;
  explicit RowTiles(int64_t m)
      : rows(m),
        tiles((m + kMaxRows - 1) / kMaxRows),
        height(m / std::max<int64_t>(tiles, 1)),
        higher(m - tiles * height) {}
  int64_t First(int64_t tile) const { return tile * height + std::min(tile, higher); }
  int Height(int64_t tile) const { return static_cast<int>(height + (tile < higher ? 1 : 0)); }
};

class Activations {
 public:
  // Only the corrections `needed` are kept. x [M, K] is dense, K a multiple of 32.
  Activations(const Tensor& x, const bool needed[kCorrections]);

  int64_t Bytes() const { return bytes_; }
  void Quantize(QuantizeFunction quantize, std::byte* memory, Team& team);

  // Tile `tile` from `block` on.
  const uint8_t* Blocks(int64_t tile, int64_t block) const {
    return memory_ + At(tile, block, kBlockBytes);
  }
  const uint8_t* Corrections(Correction kind, int64_t tile, int64_t block) const {
    return memory_ + offset_[static_cast<int>(kind)] + At(tile, block, CorrectionBytes(kind));
  }

 private:
  static constexpr int64_t kBlocksAtOnce = 64;
  struct BlockSums {  // some blocks of a row
    int64_t count = 0;
    float scales[kBlocksAtOnce];
    int16_t sums[2 * kBlocksAtOnce];
  };

  int64_t At(int64_t tile, int64_t block, int64_t bytes) const {
    return (rows_.First(tile) * blocks_ + block * rows_.Height(tile)) * bytes;
  }
  void QuantizeRow(QuantizeFunction quantize, int64_t tile, int row);
  void WriteCorrections(Correction kind, int64_t tile, int row, int64_t first,
                        const BlockSums& blocks);

  Tensor x_;
  RowTiles rows_;
  int64_t blocks_;
  int64_t offset_[kCorrections] = {};  // 0: not kept
  int64_t bytes_;
  uint8_t* memory_ = nullptr;
};

}  // namespace motley
