#include "kernels/rms_norm/rms_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/kernels/levels.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

std::vector<float> RunOp(CpuLevel level, std::vector<float> x, int64_t rows,
                         std::vector<float> weight) {
  ThreadTeam team(2);
  const auto cols = static_cast<int64_t>(x.size()) / rows;
  op::RmsNorm<Tensor> call{DenseTensor(x, rows, cols),
                           DenseTensor(weight, 1, static_cast<int64_t>(weight.size())),
                           DenseTensor(x, rows, cols)};
  RmsNormKernel(level)(call, team);
  return x;
}

TEST(RmsNorm, AgreesWithTheReferenceInPlaceForRowsAndForHeads) {
  struct Case {
    int64_t rows, runs, width;
  };
  for (const Case& c : {Case{1, 1, 576}, {3, 9, 64}, {40, 4, 256}, {7, 1, 5}, {2, 3, 37}}) {
    const auto x = RandomValues(c.rows * c.runs * c.width, 1);
    const auto weight = RandomValues(c.width, 2);
    const auto expected = RunOp(CpuLevel::kRef, x, c.rows, weight);
    for (const CpuLevel level : LevelsHere()) {
      const auto got = RunOp(level, x, c.rows, weight);
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(got[i], expected[i], 1e-6f * std::abs(expected[i]) + 1e-12f)
            << CpuLevelName(level) << " width " << c.width << " value " << i;
      }
    }
  }
}

TEST(RmsNorm, GivesARowTheSameBitsAloneAndInABatch) {
  const auto x = RandomValues(50 * 577, 3);
  const auto weight = RandomValues(577, 4);
  for (const CpuLevel level : LevelsHere()) {
    const auto batch = RunOp(level, x, 50, weight);
    const auto alone = RunOp(level, {x.begin() + 577 * 31, x.begin() + 577 * 32}, 1, weight);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), batch.begin() + 577 * 31))
        << CpuLevelName(level);
  }
}

}  // namespace
}  // namespace motley
