#include "kernels/quantize/activations.h"

#include <algorithm>
#include <cstring>

#include "kernels/operand.h"

namespace motley {
namespace {

// With few rows a fork, and cache lines that the other cores fetch back, cost more than they save.
constexpr int64_t kRowsForTeam = 12;
constexpr int64_t kBlocksAtOnce = 64;

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

void Activations::WriteCorrections(int64_t tile, int row, int64_t block, const int16_t sums[2],
                                   float d) {
  const int rows = rows_.Height(tile), sum = sums[0] + sums[1];
  const auto at = [&](Correction kind) {
    return const_cast<uint8_t*>(Corrections(kind, tile, block));
  };
  const auto kept = [&](Correction kind) { return offset_[static_cast<int>(kind)] != 0; };
  using enum Correction;
  if (kept(kMin)) Put(at(kMin), row, d * static_cast<float>(sum));
  if (kept(kZero8)) Put(at(kZero8), row, -8 * sum);
  if (kept(kZero16)) Put(at(kZero16), row, -16 * sum);
  if (kept(kZero128)) Put(at(kZero128), row, -128 * sum);
  if (kept(kZero32)) {
    Put(at(kZero32), row, -32 * sums[0]);
    Put(at(kZero32), rows + row, -32 * sums[1]);
  }
}

void Activations::QuantizeRow(QuantizeFunction quantize, int64_t tile, int row) {
  const int rows = rows_.Height(tile);
  const float* x = Row(x_, rows_.First(tile) + row);
  const ptrdiff_t step = static_cast<ptrdiff_t>(rows) * kBlockBytes;
  for (int64_t first = 0; first < blocks_; first += kBlocksAtOnce) {
    const int64_t count = std::min(kBlocksAtOnce, blocks_ - first);
    auto* out = const_cast<uint8_t*>(Blocks(tile, first));
    uint8_t* scales = out + 32 * rows + 4 * row;
    int16_t sums[2 * kBlocksAtOnce];
    quantize(x + first * kQuantBlock, count, {out + 32 * row, scales, step, sums});
    for (int64_t i = 0; i < count; ++i) {
      float d;
      std::memcpy(&d, scales + i * step, sizeof(d));
      WriteCorrections(tile, row, first + i, sums + 2 * i, d);
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
