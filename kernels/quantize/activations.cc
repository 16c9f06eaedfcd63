#include "kernels/quantize/activations.h"

#include <algorithm>
#include <cstring>

#include "kernels/operand.h"

namespace motley {
namespace {

// With few rows a fork, and cache lines that the other cores fetch back, cost more than they save.
constexpr int64_t kRowsForTeam = 12;

constexpr int kZeros[kCorrections] = {0, 8, 16, 128, 32};  // by Correction

int64_t RoundUp64(int64_t bytes) { return (bytes + 63) / 64 * 64; }

template <class T>
void Put(uint8_t* at, int index, T value) {
  std::memcpy(at + index * static_cast<int>(sizeof(T)), &value, sizeof(T));
}

}  // namespace

Activations::Activations(const Tensor& x, const bool needed[kCorrections])
    : x_(x), rows_(x.rows), blocks_(x.cols / kQuantBlock) {
  bytes_ = RoundUp64(rows_.rows * blocks_ * kBlockBytes);
  for (int i = 0; i < kCorrections; ++i) {
    if (!needed[i]) continue;
    offset_[i] = bytes_;
    bytes_ += RoundUp64(rows_.rows * blocks_ * CorrectionBytes(static_cast<Correction>(i)));
  }
}

void Activations::WriteCorrections(Correction kind, int64_t tile, int row, int64_t first,
                                   const BlockSums& blocks) {
  const int rows = rows_.Height(tile);
  uint8_t* out = const_cast<uint8_t*>(Corrections(kind, tile, first));
  const ptrdiff_t step = rows * CorrectionBytes(kind);
  const int zero = kZeros[static_cast<int>(kind)];
  for (int64_t i = 0; i < blocks.count; ++i, out += step) {
    const int low = blocks.sums[2 * i], high = blocks.sums[2 * i + 1];
    switch (kind) {
      case Correction::kMin:
        Put(out, row, blocks.scales[i] * static_cast<float>(low + high));
        break;
      case Correction::kZero32:
        Put(out, row, -zero * low);
        Put(out, rows + row, -zero * high);
        break;
      default:
        Put(out, row, -zero * (low + high));
    }
  }
}

void Activations::QuantizeRow(QuantizeFunction quantize, int64_t tile, int row) {
  const int rows = rows_.Height(tile);
  const float* x = Row(x_, rows_.First(tile) + row);
  const ptrdiff_t step = static_cast<ptrdiff_t>(rows) * kBlockBytes;
  for (int64_t first = 0; first < blocks_; first += kBlocksAtOnce) {
    auto* out = const_cast<uint8_t*>(Blocks(tile, first));
    uint8_t* scales = out + 32 * rows + 4 * row;
    BlockSums blocks{.count = std::min(kBlocksAtOnce, blocks_ - first)};
    quantize(x + first * kQuantBlock, blocks.count, {out + 32 * row, scales, step, blocks.sums});
    for (int64_t i = 0; i < blocks.count; ++i) {
      std::memcpy(&blocks.scales[i], scales + i * step, sizeof(float));
    }
    for (int kind = 0; kind < kCorrections; ++kind) {
      if (offset_[kind] == 0) continue;
      WriteCorrections(static_cast<Correction>(kind), tile, row, first, blocks);
    }
  }
}

void Activations::Quantize(QuantizeFunction quantize, std::byte* memory, Team& team) {
  memory_ = reinterpret_cast<uint8_t*>(memory);
  const auto rows = [&](int64_t begin, int64_t end) {
    for (int64_t tile = 0; tile < rows_.tiles; ++tile) {
      const int64_t first = rows_.First(tile), last = first + rows_.Height(tile);
      for (int64_t row = std::max(first, begin); row < std::min(last, end); ++row) {
        QuantizeRow(quantize, tile, static_cast<int>(row - first));
      }
    }
  };
  if (rows_.rows < kRowsForTeam) return rows(0, rows_.rows);
  team.Run([&](int thread) {
    rows(rows_.rows * thread / team.threads(), rows_.rows * (thread + 1) / team.threads());
  });
}

}  // namespace motley
