#include "kernels/add/add.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/levels.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

TEST(Add, GivesTheSameBitsAtEveryLevelAndTouchesNoPadding) {
  ThreadTeam team(3);
  for (const auto& [rows, cols] : {std::pair(1, 5), {3, 64}, {40, 577}}) {
    const int64_t stride = cols + 3;
    auto a = RandomValues(rows * stride, 1), b = RandomValues(rows * stride, 2);
    for (const CpuLevel level : LevelsHere()) {
      std::vector<float> y(static_cast<size_t>(rows * stride), 77.0f);
      op::Add<Tensor> call{DenseTensor(a, rows, cols), DenseTensor(b, rows, cols),
                           DenseTensor(y, rows, cols)};
      call.a.stride = call.b.stride = call.y.stride = stride;
      AddKernel(level)(call, team);
      for (size_t i = 0; i < y.size(); ++i) {
        const bool padding = static_cast<int64_t>(i) % stride >= cols;
        ASSERT_EQ(y[i], padding ? 77.0f : a[i] + b[i]) << CpuLevelName(level) << " value " << i;
      }
    }
  }
}

}  // namespace
}  // namespace motley
