#include "backends/profiler/operands.h"

#include <algorithm>
#include <cstring>

#include "backends/conformance/case.h"

namespace motley::profiler {
namespace {

constexpr int64_t kPattern = 64;                // rows of a matrix that differ
constexpr uint64_t kPiece = uint64_t{1} << 20;  // bytes copied at a time

Bytes AsBytes(const std::vector<int32_t>& values) { return std::as_bytes(std::span(values)); }

}  // namespace

Tensor Shape(TensorType type, int64_t rows, int64_t cols, Layout layout) {
  Tensor t;
  t.type = type;
  t.layout = layout;
  t.rows = rows;
  t.cols = t.stride = cols;
  return t;
}

Status Operands::Open() {
  stream_ = TRY(device_.NewStream());
  return {};
}

Result<Tensor> Operands::Place(TensorType type, int64_t rows, int64_t cols, Bytes pattern) {
  const auto bytes = static_cast<uint64_t>(rows * RowBytes(type, cols));
  auto buffer = TRY(device_.Allocate(bytes));
  for (uint64_t at = 0; at < bytes; at += pattern.size()) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(pattern.size(), bytes - at));
    TRY(stream_->CopyIn(pattern.first(size), *buffer, at));
  }
  Tensor t = Shape(type, rows, cols);
  t.handle = buffer->handle();
  buffers_.push_back(std::move(buffer));
  return t;
}

Result<Tensor> Operands::Values(int64_t rows, int64_t cols, TensorType type) {
  conformance::Random random(7);
  const auto count = static_cast<int64_t>(kPiece) / Traits(type).block_bytes;
  const auto pattern =
      conformance::Values(conformance::Role::kInput, 1, std::min(count, rows * cols), random, type);
  return Place(type, rows, cols, pattern.data);
}

Result<Tensor> Operands::Indices(const std::vector<int32_t>& values, int64_t rows) {
  return Place(TensorType::kI32, rows, static_cast<int64_t>(values.size()) / rows, AsBytes(values));
}

Status Operands::Overwrite(const Tensor& indices, const std::vector<int32_t>& values) {
  for (auto& buffer : buffers_) {
    if (buffer->handle() == indices.handle) return stream_->CopyIn(AsBytes(values), *buffer, 0);
  }
  return Error::Internal("overwriting an operand that is not here");
}

Result<Tensor> Operands::Matrix(TensorType type, int64_t rows, int64_t cols, WeightUse use) {
  conformance::Random random(11);
  const auto pattern = conformance::WeightOf(type, kPattern, cols, random);
  const int64_t row_bytes = RowBytes(type, cols);
  const auto read = [&](int64_t first, int64_t count, MutableBytes out) -> Status {
    if (out.size() < static_cast<size_t>(count * row_bytes)) {
      return Error::Internal("no room for the rows that were asked for");
    }
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(&out[static_cast<size_t>(i * row_bytes)],
                  &pattern.data[static_cast<size_t>((first + i) % kPattern * row_bytes)],
                  static_cast<size_t>(row_bytes));
    }
    return {};
  };
  Weight weight = TRY(device_.LoadWeight({"profile", type, rows, cols, use}, read));
  buffers_.push_back(std::move(weight.buffer));
  return weight.tensor;
}

}  // namespace motley::profiler
