#pragma once
// Inputs for tests and benchmarks of kernels, the same on every machine. Any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/mul_mat/packed.h"
#include "kernels/op.h"
#include "kernels/team.h"

namespace motley {

// Every type a weight may have.
std::vector<TensorType> WeightTypes();

// `rows` rows of a file: random quants, scales of a trained model's magnitude.
std::vector<uint8_t> RandomWeights(TensorType type, int64_t rows, int64_t cols, uint32_t seed);

// Values in [-1, 1).
std::vector<float> RandomValues(int64_t count, uint32_t seed);

// Zeroed memory aligned to a cache line.
class AlignedMemory {
 public:
  explicit AlignedMemory(int64_t bytes) : data_(static_cast<size_t>(bytes + 64)) {}
  uint8_t* data() {
    const auto address = reinterpret_cast<uintptr_t>(data_.data());
    return data_.data() + (64 - address % 64) % 64;
  }

 private:
  std::vector<uint8_t> data_;
};

// A packed matrix that owns its memory.
class PackedWeight {
 public:
  PackedWeight(TensorType type, int64_t rows, int64_t cols, const std::vector<uint8_t>& file);
  Tensor tensor() { return tensor_; }

 private:
  AlignedMemory memory_;
  Tensor tensor_;
};

Tensor DenseTensor(std::vector<float>& values, int64_t rows, int64_t cols);
Tensor IndexTensor(std::vector<int32_t>& values);

// Plain threads, started anew by every Run: slow, and easy on tools that look for races.
class ThreadTeam : public SoloTeam {
 public:
  explicit ThreadTeam(int threads) : threads_(threads) {}
  int threads() const override { return threads_; }

 protected:
  void RunRaw(Raw function, void* argument) override;

 private:
  int threads_;
};

}  // namespace motley
