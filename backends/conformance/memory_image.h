#pragma once
// What an operand's memory holds before and must hold after a call: its rows at their stride, a NaN
// with a signature in every output value, in the padding between rows and in a guard zone around
// all.

#include <optional>
#include <vector>

#include "backends/conformance/case.h"

namespace motley::conformance {

class MemoryImage {
 public:
  explicit MemoryImage(const Operand& operand);

  std::vector<std::byte>& bytes() { return bytes_; }
  const std::vector<std::byte>& bytes() const { return bytes_; }
  // The operand in memory that starts at `handle` and holds these bytes.
  Tensor At(void* handle) const;
  float Value(int64_t row, int64_t col) const;
  // Where the first byte outside the values differs from what this image started with.
  std::optional<int64_t> StrayWrite() const;

 private:
  bool IsValue(int64_t byte) const;

  Tensor shape_;
  int64_t value_bytes_;
  std::vector<std::byte> bytes_;
};

}  // namespace motley::conformance
