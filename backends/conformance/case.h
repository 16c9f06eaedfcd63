#pragma once
// One check: operands with their contents, and the call over them. Plain data; made by the
// cases_*.cc files.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/op.h"

namespace motley::conformance {

enum class Role { kInput, kOutput, kInOut, kWeight, kVector };

struct Operand {
  Role role = Role::kInput;
  TensorType type = TensorType::kF32;
  int64_t rows = 0, cols = 0;
  int64_t stride = 0;  // values; 0: cols
  // Rows without padding, as in a file; unused for kOutput.
  std::vector<std::byte> data = {};
};

// Tensor of the operand with this index on the device that the call is for.
using Bind = std::function<Tensor(size_t operand)>;

struct Case {
  std::string name;  // "M 7 N 33 K 64"
  std::vector<Operand> operands;
  std::function<OpCall(const Bind&)> call;
};

// All cases of an op with one type, and what they are judged by.
struct Suite {
  std::string_view op;
  TensorType type = TensorType::kF32;
  double tolerance = 0;
  std::vector<Case> cases;
};

// The same numbers on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  uint32_t Next();
  float Uniform(float low, float high);

 private:
  uint64_t state_;
};

// Values in [-1, 1) as F32 or F16.
Operand Values(Role role, int64_t rows, int64_t cols, Random& random,
               TensorType type = TensorType::kF32);
// Rows of a file: any quants, scales of a trained model's magnitude.
Operand WeightOf(TensorType type, int64_t rows, int64_t cols, Random& random);
Operand Output(int64_t rows, int64_t cols);
Operand Indices(std::vector<int32_t> values);
Operand Table(std::vector<int32_t> values, int64_t rows);
// The same operand with its rows further apart than they are wide.
Operand Padded(Operand operand);

std::vector<Suite> MatrixSuites();  // get_rows, mul_mat
std::vector<Suite> RowSuites();     // rms_norm, rope, add, glu
std::vector<Suite> CacheSuites();   // store_kv, attention

}  // namespace motley::conformance
