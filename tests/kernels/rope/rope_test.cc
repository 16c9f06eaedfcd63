#include "kernels/rope/rope.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/levels.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

struct Case {
  RopeStyle style;
  int heads, head_dim, rotated;
  bool factors;
};

std::vector<float> RunOp(CpuLevel level, const Case& c, std::vector<float> x,
                         std::vector<int32_t> positions) {
  ThreadTeam team(2);
  std::vector<float> factors;
  for (int i = 0; i < c.rotated / 2; ++i) factors.push_back(1.0f + 0.25f * static_cast<float>(i));
  op::Rope<Tensor> call{
      DenseTensor(x, static_cast<int64_t>(positions.size()), int64_t{c.heads} * c.head_dim),
      IndexTensor(positions),
      {}};
  if (c.factors) call.factors = DenseTensor(factors, 1, c.rotated / 2);
  call.head_dim = c.head_dim;
  call.rotated = c.rotated;
  call.base = 1e6f;
  call.frequency_scale = 0.5f;
  call.style = c.style;
  RopeKernel(level)(call, team);
  return x;
}

TEST(Rope, AgreesWithTheReferenceUpToAMillionPositions) {
  const std::vector<int32_t> positions = {0, 1, 2, 511, 4096, 131071, 1000000};
  for (const RopeStyle style : {RopeStyle::kNeox, RopeStyle::kInterleaved}) {
    for (const Case& c : {Case{style, 9, 64, 64, false},
                          {style, 2, 256, 256, true},
                          {style, 3, 80, 20, false},
                          {style, 1, 6, 6, true}}) {
      const auto x = RandomValues(7 * int64_t{c.heads} * c.head_dim, 5);
      const auto expected = RunOp(CpuLevel::kRef, c, x, positions);
      for (const CpuLevel level : LevelsHere()) {
        const auto got = RunOp(level, c, x, positions);
        for (size_t i = 0; i < got.size(); ++i) {
          ASSERT_NEAR(got[i], expected[i], 4e-7f)
              << CpuLevelName(level) << " head_dim " << c.head_dim << " value " << i;
        }
      }
    }
  }
}

// (1, 0) at angle 1 becomes (cos 1, sin 1); the pair is (x0, x1) or (x0, x_half), the rest of the
// head stays.
TEST(Rope, PairsAsItsStyleSays) {
  for (const CpuLevel level : LevelsHere()) {
    const std::vector<float> x = {1, 0, 0, 0, 9};
    Case c{RopeStyle::kInterleaved, 1, 5, 4, false};
    auto y = RunOp(level, c, x, {2});
    EXPECT_NEAR(y[0], std::cos(1.0f), 1e-6) << CpuLevelName(level);
    EXPECT_NEAR(y[1], std::sin(1.0f), 1e-6) << CpuLevelName(level);
    EXPECT_EQ(y[4], 9) << CpuLevelName(level);
    c.style = RopeStyle::kNeox;
    y = RunOp(level, c, x, {2});
    EXPECT_NEAR(y[2], std::sin(1.0f), 1e-6) << CpuLevelName(level);
    EXPECT_EQ(y[1], 0) << CpuLevelName(level);
  }
}

}  // namespace
}  // namespace motley
