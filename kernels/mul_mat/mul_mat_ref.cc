#include "kernels/mul_mat/mul_mat_ref.h"

#include <algorithm>

#include "kernels/mul_mat/packed.h"
#include "kernels/operand.h"

namespace motley {
namespace {

// Sixteen short float sums, gathered in double: the error does not grow with n.
double Dot(const float* a, const float* b, int64_t n) {
  constexpr int kLanes = 16;
  constexpr int64_t kChunk = 256;
  double total = 0;
  for (int64_t first = 0; first < n; first += kChunk) {
    const int64_t last = std::min(n, first + kChunk);
    float lanes[kLanes] = {};
    int64_t i = first;
    for (; i + kLanes <= last; i += kLanes) {
      for (int l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
    }
    for (; i < last; ++i) total += static_cast<double>(a[i]) * b[i];
    for (const float lane : lanes) total += lane;
  }
  return total;
}

}  // namespace

void MulMatRef(const op::MulMat<Tensor>& call, Team& team) {
  const int64_t cols = call.x.cols;
  const auto rows = static_cast<size_t>(cols) * sizeof(float);
  std::byte* memory = team.Scratch(rows * static_cast<size_t>(team.threads()));
  team.Run([&](int thread) {
    float* weights = reinterpret_cast<float*>(memory + rows * static_cast<size_t>(thread));
    for (int i = 0; i < call.count; ++i) {
      const auto& [weight, bias, y] = call.products[i];
      const int64_t last = weight.rows * (thread + 1) / team.threads();
      for (int64_t n = weight.rows * thread / team.threads(); n < last; ++n) {
        UnpackRow(weight.type, Address(weight), cols, n, weights);
        const double b = bias ? Row(bias, 0)[n] : 0;
        for (int64_t m = 0; m < call.x.rows; ++m) {
          Row(y, m)[n] = static_cast<float>(Dot(Row(call.x, m), weights, cols) + b);
        }
      }
    }
  });
}

}  // namespace motley
