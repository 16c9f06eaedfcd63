#include "backends/cpu/weights.h"

#include <algorithm>

#include "base/checked.h"
#include "kernels/dequantize/dequantize.h"
#include "kernels/mul_mat/packed.h"

namespace motley {
namespace {

constexpr int64_t kChunkBytes = 4 << 20;

Status CheckSpec(const WeightSpec& spec) {
  const TypeTraits& traits = Traits(spec.type);
  const std::string shape = std::to_string(spec.rows) + " x " + std::to_string(spec.cols);
  if (spec.type == TensorType::kI32) {
    return Error::Invalid(spec.name, "weight " + spec.name + " is I32, which no op multiplies");
  }
  // An eighth of the 64-bit range: what packing adds cannot overflow it.
  const auto values = CheckedMul<int64_t>(spec.rows, spec.cols);
  if (spec.rows <= 0 || spec.cols <= 0 || !values || *values > INT64_MAX / 32) {
    return Error::Invalid(spec.name, "weight " + spec.name + " has the impossible shape " + shape);
  }
  if (spec.cols % traits.block_elements != 0) {
    return Error::Invalid(spec.name, "weight " + spec.name + " is " + shape + ", and " +
                                         std::string(traits.name) +
                                         " needs rows of a multiple of " +
                                         std::to_string(traits.block_elements) + " values");
  }
  if (spec.use == WeightUse::kVector && spec.rows != 1) {
    return Error::Invalid(spec.name, "vector " + spec.name + " has " + shape + " values");
  }
  return {};
}

Tensor TensorOf(const WeightSpec& spec, Buffer& buffer) {
  Tensor t;
  t.handle = buffer.handle();
  t.type = spec.use == WeightUse::kVector ? TensorType::kF32 : spec.type;
  t.layout = spec.use == WeightUse::kVector ? Layout::kDense : Layout::kDevice;
  t.rows = spec.rows;
  t.cols = t.stride = spec.cols;
  return t;
}

Status LoadVector(const WeightSpec& spec, const RowReader& read, Buffer& buffer) {
  std::vector<std::byte> row(static_cast<size_t>(RowBytes(spec.type, spec.cols)));
  TRY(read(0, 1, row));
  DequantizeRow(spec.type, row.data(), spec.cols, static_cast<float*>(buffer.handle()));
  return {};
}

// Each thread packs whole tiles of its own.
void PackChunk(const WeightSpec& spec, int64_t first, int64_t count, const std::byte* source,
               Buffer& buffer, Team& team) {
  const int64_t row_bytes = RowBytes(spec.type, spec.cols);
  const int64_t tiles = (count + kTileRows - 1) / kTileRows;
  team.Run([&](int thread) {
    const int64_t begin = tiles * thread / team.threads() * kTileRows;
    const int64_t end = std::min(count, tiles * (thread + 1) / team.threads() * kTileRows);
    if (begin >= end) return;
    PackRows(spec.type, spec.cols, first + begin, end - begin, source + begin * row_bytes,
             buffer.handle());
  });
}

Status LoadMatrix(const WeightSpec& spec, const RowReader& read, Buffer& buffer, Team& team) {
  const int64_t row_bytes = RowBytes(spec.type, spec.cols);
  const int64_t tiles = std::max<int64_t>(1, kChunkBytes / (row_bytes * kTileRows));
  const int64_t chunk = std::min(tiles * kTileRows, spec.rows);
  std::vector<std::byte> source(static_cast<size_t>(chunk * row_bytes));
  for (int64_t first = 0; first < spec.rows; first += chunk) {
    const int64_t count = std::min(chunk, spec.rows - first);
    TRY(read(first, count, MutableBytes(source).first(static_cast<size_t>(count * row_bytes))));
    PackChunk(spec, first, count, source.data(), buffer, team);
  }
  return {};
}

}  // namespace

Result<Weight> LoadHostWeight(const WeightSpec& spec, const RowReader& read, Team& team,
                              WeightArena& arena) {
  TRY(CheckSpec(spec));
  const bool vector = spec.use == WeightUse::kVector;
  const int64_t bytes = vector ? spec.cols * static_cast<int64_t>(sizeof(float))
                               : PackedBytes(spec.type, spec.rows, spec.cols);
  Weight weight;
  weight.buffer = TRY(arena.Allocate(static_cast<uint64_t>(bytes)));
  weight.tensor = TensorOf(spec, *weight.buffer);
  if (vector) {
    TRY(LoadVector(spec, read, *weight.buffer));
  } else {
    TRY(LoadMatrix(spec, read, *weight.buffer, team));
  }
  return weight;
}

}  // namespace motley
