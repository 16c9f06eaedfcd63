#include "backends/conformance/memory_image.h"

#include <cstring>

#include "base/bytes.h"
#include "kernels/dequantize/half.h"

namespace motley::conformance {
namespace {

constexpr int64_t kGuard = 256;                // bytes, a multiple of every device's alignment
constexpr uint32_t kCanary = 0x7FC0FEEDu;      // a quiet NaN, and two F16 of which one is NaN
constexpr uint32_t kIndexCanary = 0x80000001;  // an index that is out of every table

std::byte CanaryByte(TensorType type, int64_t at) {
  const uint32_t canary = type == TensorType::kI32 ? kIndexCanary : kCanary;
  return static_cast<std::byte>(canary >> (8 * (at % 4)));
}

}  // namespace

MemoryImage::MemoryImage(const Operand& operand) : value_bytes_(Traits(operand.type).block_bytes) {
  shape_.type = operand.type;
  shape_.rows = operand.rows;
  shape_.cols = operand.cols;
  shape_.stride = operand.stride ? operand.stride : operand.cols;
  shape_.offset = kGuard;
  if (operand.role == Role::kWeight) return;
  bytes_.resize(static_cast<size_t>(2 * kGuard + shape_.rows * shape_.stride * value_bytes_));
  for (size_t i = 0; i < bytes_.size(); ++i) {
    bytes_[i] = CanaryByte(shape_.type, static_cast<int64_t>(i));
  }
  if (operand.data.empty()) return;
  const int64_t row_bytes = shape_.cols * value_bytes_;
  for (int64_t row = 0; row < shape_.rows; ++row) {
    std::memcpy(&bytes_[static_cast<size_t>(kGuard + row * shape_.stride * value_bytes_)],
                &operand.data[static_cast<size_t>(row * row_bytes)],
                static_cast<size_t>(row_bytes));
  }
}

Tensor MemoryImage::At(void* handle) const {
  Tensor t = shape_;
  t.handle = handle;
  return t;
}

float MemoryImage::Value(int64_t row, int64_t col) const {
  const int64_t at = kGuard + (row * shape_.stride + col) * value_bytes_;
  const std::byte* from = &bytes_[static_cast<size_t>(at)];
  if (shape_.type == TensorType::kF16) return HalfToFloat(LoadUnaligned<uint16_t>(from));
  return LoadUnaligned<float>(from);
}

bool MemoryImage::IsValue(int64_t byte) const {
  const int64_t inside = byte - kGuard;
  if (inside < 0 || inside >= shape_.rows * shape_.stride * value_bytes_) return false;
  return inside % (shape_.stride * value_bytes_) < shape_.cols * value_bytes_;
}

std::optional<int64_t> MemoryImage::StrayWrite() const {
  for (int64_t i = 0; i < static_cast<int64_t>(bytes_.size()); ++i) {
    if (!IsValue(i) && bytes_[static_cast<size_t>(i)] != CanaryByte(shape_.type, i)) {
      return i - kGuard;
    }
  }
  return std::nullopt;
}

}  // namespace motley::conformance
