#pragma once
// Operands of timed calls in a device's memory: filled with ordinary numbers, so that nothing takes
// a short cut through zeros or a detour through denormals. On the device's thread.

#include <memory>
#include <vector>

#include "backends/backend.h"

namespace motley::profiler {

class Operands {
 public:
  explicit Operands(Device& device) : device_(device) {}

  Stream& stream() { return *stream_; }
  Status Open();
  // Lives as long as this object. F32 or F16 values in [-1, 1).
  Result<Tensor> Values(int64_t rows, int64_t cols, TensorType type = TensorType::kF32);
  Result<Tensor> Indices(const std::vector<int32_t>& values, int64_t rows);
  // `rows` x `cols` of any quants, with scales of a trained model's magnitude.
  Result<Tensor> Matrix(TensorType type, int64_t rows, int64_t cols, WeightUse use);
  // New contents for the first values of a tensor of Indices.
  Status Overwrite(const Tensor& indices, const std::vector<int32_t>& values);

 private:
  Result<Tensor> Place(TensorType type, int64_t rows, int64_t cols, Bytes pattern);
  Device& device_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::unique_ptr<Stream> stream_;  // goes first
};

// The tensor of that shape that is not there, to ask Device::Supports.
Tensor Shape(TensorType type, int64_t rows, int64_t cols, Layout layout = Layout::kDense);

}  // namespace motley::profiler
