#include "kernels/mul_mat/cpu/loops.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "kernels/operand.h"
#include "kernels/quantize/activations.h"

namespace motley {
namespace {

// From how many rows on one pass that unpacks a tile beats unpacking it again for every 8 rows.
constexpr int64_t kExpandRows = 128;
// An unpacked chunk stays in L1 beside the activations: 20 blocks are 25 KiB.
constexpr int64_t kChunkBlocks = 20;
constexpr int64_t kChunkBytes = 32768;
constexpr int64_t kGroupTiles = 4;  // that reuse a chunk of activations from L2

int64_t DivideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A product of the call. A group is what a tile can be cut into along k.
struct Matrix {
  TensorType type;
  bool expand;
  const uint8_t* weights;
  const float* bias;
  Tensor y;
  int64_t columns, tiles, tile_bytes;
  int64_t groups, group_bytes, group_steps;
};

class Loops {
 public:
  Loops(const MicroKernels& kernels, const op::MulMat<Tensor>& call, Team& team, WeightPath path);
  void Run();

 private:
  struct Piece {  // of a tile of weights along k
    const uint8_t* weights;
    int64_t first, groups;
    MicroKernel const* by_rows;
    bool expanded;
  };

  Activations MakeActivations() const;
  bool UsesExpand(TensorType type, WeightPath path) const;
  void RunDirect(int thread);
  void RunExpand(int thread);
  void ExpandTiles(const Matrix& w, int64_t first, int64_t last, uint8_t* scratch);
  void Multiply(const Matrix& w, int64_t tile, int64_t row_tile, const Piece& piece);
  void AddBias(const Matrix& w, int64_t tile, int64_t row_tile);
  int64_t WorkItems(const Matrix& w) const;

  const MicroKernels& kernels_;
  const op::MulMat<Tensor>& call_;
  Team& team_;
  RowTiles rows_;
  Matrix matrices_[3];
  Activations activations_;
  uint8_t* scratch_ = nullptr;  // kChunkBytes per thread
  std::atomic<int64_t> next_{0};
};

Matrix MakeMatrix(const op::MulMat<Tensor>::Product& product) {
  const Tensor& w = product.weight;
  const bool quantized = IsQuantized(w.type);
  const PackedLayout layout = PackedLayoutOf(w.type);
  Matrix m{.type = w.type, .expand = false};
  m.weights = reinterpret_cast<const uint8_t*>(Address(w));
  m.bias = product.bias ? Row(product.bias, 0) : nullptr;
  m.y = product.y;
  m.columns = w.rows;
  m.tiles = DivideUp(w.rows, kTileRows);
  m.tile_bytes = PackedTileBytes(w.type, w.cols);
  m.group_steps = quantized ? layout.GroupBlocks() : 1;
  m.groups = quantized ? w.cols / (kQuantBlock * m.group_steps) : w.cols;
  m.group_bytes = m.tile_bytes / std::max<int64_t>(m.groups, 1);
  return m;
}

Loops::Loops(const MicroKernels& kernels, const op::MulMat<Tensor>& call, Team& team,
             WeightPath path)
    : kernels_(kernels),
      call_(call),
      team_(team),
      rows_(call.x.rows),
      activations_(MakeActivations()) {
  for (int i = 0; i < call.count; ++i) {
    matrices_[i] = MakeMatrix(call.products[i]);
    matrices_[i].expand = UsesExpand(matrices_[i].type, path);
  }
}

Activations Loops::MakeActivations() const {
  bool needed[kCorrections] = {}, any = false;
  for (int i = 0; i < call_.count; ++i) {
    const TensorType type = call_.products[i].weight.type;
    if (!IsQuantized(type)) continue;
    needed[static_cast<int>(CorrectionOf(type))] = any = true;
  }
  Tensor x = call_.x;
  if (!any) x.cols = 0;
  return Activations(x, needed);
}

bool Loops::UsesExpand(TensorType type, WeightPath path) const {
  if (kernels_.expand[static_cast<int>(type)] == nullptr || path == WeightPath::kDirect) {
    return false;
  }
  // Bytes need no unpacking: Q8_0 gains nothing from a second copy of itself.
  return path == WeightPath::kExpand || (type != TensorType::kQ8_0 && rows_.rows >= kExpandRows);
}

void Loops::AddBias(const Matrix& w, int64_t tile, int64_t row_tile) {
  const int64_t first = tile * kTileRows, last = std::min(w.columns, first + kTileRows);
  for (int r = 0; r < rows_.Height(row_tile); ++r) {
    float* y = Row(w.y, rows_.First(row_tile) + r);
    for (int64_t n = first; n < last; ++n) y[n] += w.bias[n];
  }
}

void Loops::Multiply(const Matrix& w, int64_t tile, int64_t row_tile, const Piece& piece) {
  const int64_t column = tile * kTileRows, row = rows_.First(row_tile);
  const int rows = rows_.Height(row_tile);
  const bool quantized = IsQuantized(w.type), first = piece.first == 0;
  const int64_t step = piece.first * w.group_steps;
  MicroCall call{.weights = piece.weights,
                 .steps = piece.groups * w.group_steps,
                 .x_stride = call_.x.stride,
                 .y = Row(w.y, row) + column,
                 .y_stride = w.y.stride,
                 .rows = rows,
                 .first = first,
                 .prefetch = !piece.expanded && row_tile == 0};
  if (quantized) {
    call.x = activations_.Blocks(row_tile, step);
    call.correction = activations_.Corrections(CorrectionOf(w.type), row_tile, step);
  } else {
    call.x = reinterpret_cast<const uint8_t*>(Row(call_.x, row) + step);
  }
  const int64_t columns = std::min<int64_t>(kTileRows, w.columns - column);
  float* y = call.y;
  alignas(64) float ragged[kMaxRows * kTileRows];
  const auto bytes = static_cast<size_t>(columns) * sizeof(float);
  if (columns < kTileRows) {  // kernels write whole tiles
    call.y = ragged;
    call.y_stride = kTileRows;
    std::memset(ragged, 0, sizeof(ragged));
    for (int r = 0; r < rows && !first; ++r) {
      std::memcpy(ragged + r * kTileRows, y + r * w.y.stride, bytes);
    }
  }
  piece.by_rows[rows - 1](call);
  for (int r = 0; r < rows && columns < kTileRows; ++r) {
    std::memcpy(y + r * w.y.stride, ragged + r * kTileRows, bytes);
  }
  if (w.bias && piece.first + piece.groups == w.groups) AddBias(w, tile, row_tile);
}

// Weights are read once and in order, each thread a contiguous share of the bytes of all products.
void Loops::RunDirect(int thread) {
  int64_t total = 0, before = 0;
  for (int i = 0; i < call_.count; ++i) {
    if (!matrices_[i].expand) total += matrices_[i].tiles * matrices_[i].tile_bytes;
  }
  const int64_t low = total * thread / team_.threads();
  const int64_t high = total * (thread + 1) / team_.threads();
  for (int i = 0; i < call_.count; ++i) {
    const Matrix& w = matrices_[i];
    if (w.expand || w.tile_bytes == 0) continue;
    const auto tile_at = [&](int64_t byte) {
      return std::clamp<int64_t>(DivideUp(std::max<int64_t>(byte - before, 0), w.tile_bytes), 0,
                                 w.tiles);
    };
    for (int64_t tile = tile_at(low); tile < tile_at(high); ++tile) {
      const Piece piece{w.weights + tile * w.tile_bytes, 0, w.groups,
                        kernels_.direct[static_cast<int>(w.type)], false};
      for (int64_t m = 0; m < rows_.tiles; ++m) Multiply(w, tile, m, piece);
    }
    before += w.tiles * w.tile_bytes;
  }
}

// A chunk of a weight tile is unpacked into L1, and all rows stream past it from L2.
void Loops::ExpandTiles(const Matrix& w, int64_t first, int64_t last, uint8_t* scratch) {
  const int type = static_cast<int>(w.type);
  const int64_t limit = std::max<int64_t>(1, kChunkBlocks / w.group_steps);
  const int64_t chunks = DivideUp(w.groups, limit);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const int64_t from = w.groups * chunk / chunks, to = w.groups * (chunk + 1) / chunks;
    for (int64_t tile = first; tile < last; ++tile) {
      kernels_.expand[type](w.weights + tile * w.tile_bytes + from * w.group_bytes,
                            (to - from) * w.group_steps, scratch);
      const Piece piece{scratch, from, to - from, kernels_.expanded[type], true};
      for (int64_t m = 0; m < rows_.tiles; ++m) Multiply(w, tile, m, piece);
    }
  }
}

// A multiple of the threads, or one of them idles through the last round.
int64_t Loops::WorkItems(const Matrix& w) const {
  const int64_t threads = team_.threads();
  const int64_t rounds = std::max<int64_t>(DivideUp(w.tiles, threads * kGroupTiles), 2);
  return std::min(w.tiles, rounds * threads);
}

void Loops::RunExpand(int thread) {
  uint8_t* scratch = scratch_ + thread * kChunkBytes;
  int64_t item = next_.fetch_add(1, std::memory_order_relaxed), before = 0;
  for (int i = 0; i < call_.count; ++i) {
    const Matrix& w = matrices_[i];
    if (!w.expand) continue;
    const int64_t items = WorkItems(w);
    for (; item < before + items; item = next_.fetch_add(1, std::memory_order_relaxed)) {
      const int64_t at = item - before;
      ExpandTiles(w, w.tiles * at / items, w.tiles * (at + 1) / items, scratch);
    }
    before += items;
  }
}

void Loops::Run() {
  if (rows_.rows == 0) return;
  const int64_t chunks = team_.threads() * kChunkBytes;
  std::byte* memory = team_.Scratch(static_cast<size_t>(chunks + activations_.Bytes()));
  scratch_ = reinterpret_cast<uint8_t*>(memory);
  if (activations_.Bytes() > 0) activations_.Quantize(kernels_.quantize, memory + chunks, team_);
  team_.Run([&](int thread) {
    RunDirect(thread);
    RunExpand(thread);
  });
}

}  // namespace

void RunMulMat(const MicroKernels& kernels, const op::MulMat<Tensor>& call, Team& team,
               WeightPath path) {
  Loops(kernels, call, team, path).Run();
}

}  // namespace motley
