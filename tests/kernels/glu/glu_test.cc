#include "kernels/glu/glu.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/levels.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

std::vector<float> RunOp(CpuLevel level, Activation activation, std::vector<float> gate,
                         std::vector<float> up) {
  SoloTeam team;
  const auto n = static_cast<int64_t>(gate.size());
  op::Glu<Tensor> call{DenseTensor(gate, 1, n), DenseTensor(up, 1, n), DenseTensor(up, 1, n)};
  call.activation = activation;
  GluKernel(level)(call, team);
  return up;
}

TEST(Glu, IsWithinAFewUnitsInTheLastPlaceOverTheWholeRange) {
  std::vector<float> gate;
  for (float x = -100.0f; x < 100.0f; x += 0.0137f) gate.push_back(x);
  const std::vector<float> ones(gate.size(), 1.0f);
  for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh}) {
    const auto expected = RunOp(CpuLevel::kRef, activation, gate, ones);
    for (const CpuLevel level : LevelsHere()) {
      const auto got = RunOp(level, activation, gate, ones);
      for (size_t i = 0; i < gate.size(); ++i) {
        // The exponential, its sum and the quotient round; gelu's exponent carries its own rounding
        // with it.
        const float x = std::abs(gate[i]);
        const float exponent = kGeluTwiceScale * (x + kGeluCubic * x * x * x);
        const float units = activation == Activation::kSilu ? 5.0f : 5.0f + exponent;
        ASSERT_NEAR(got[i], expected[i], std::abs(expected[i]) * units * 1.2e-7f + 1e-36f)
            << CpuLevelName(level) << " at " << gate[i];
      }
    }
  }
}

TEST(Glu, OfHugeGatesIsTheGateOrZeroAndOfNanIsNan) {
  for (const CpuLevel level : LevelsHere()) {
    for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh}) {
      const auto y = RunOp(level, activation, {1e4f, -1e4f, NAN, 0.0f}, {1, 1, 1, 1});
      EXPECT_EQ(y[0], 1e4f) << CpuLevelName(level);
      EXPECT_EQ(std::abs(y[1]), 0.0f) << CpuLevelName(level);
      EXPECT_TRUE(std::isnan(y[2])) << CpuLevelName(level);
      EXPECT_EQ(y[3], 0.0f) << CpuLevelName(level);
    }
  }
}

}  // namespace
}  // namespace motley
