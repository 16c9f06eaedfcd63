#include "kernels/quantize/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/registry.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

// A row as it lies in a tile of `kRows`: 32 bytes and a scale in every step.
constexpr int kRows = 3, kRow = 1;
constexpr ptrdiff_t kStep = 36 * kRows;
constexpr uint8_t kUntouched = 0x5a;

struct Output {
  explicit Output(int64_t blocks)
      : bytes(static_cast<size_t>(blocks * kStep), kUntouched),
        sums(static_cast<size_t>(2 * blocks)) {}
  QuantizedRow Row() {
    return {bytes.data() + 32 * kRow, bytes.data() + 32 * kRows + 4 * kRow, kStep, sums.data()};
  }
  int Value(int64_t i) { return static_cast<int8_t>(Row().q[i / 32 * kStep + i % 32]); }
  float Scale(int64_t block) {
    float d;
    std::memcpy(&d, Row().d + block * kStep, sizeof(d));
    return d;
  }
  std::vector<uint8_t> bytes;
  std::vector<int16_t> sums;
};

struct Variant {
  CpuLevel level;
  QuantizeFunction function;
};

class Quantize : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    if (!CpuHasLevel(GetParam().level)) GTEST_SKIP() << CpuLevelName(GetParam().level);
  }
  Output Run(const std::vector<float>& x) const {
    Output out(static_cast<int64_t>(x.size()) / 32);
    GetParam().function(x.data(), static_cast<int64_t>(x.size()) / 32, out.Row());
    return out;
  }
};

TEST_P(Quantize, ErrsByHalfAStepAtMost) {
  const std::vector<float> x = RandomValues(32 * 7, 1);
  Output out = Run(x);
  for (int64_t i = 0; i < 32 * 7; ++i) {
    const float d = out.Scale(i / 32);
    EXPECT_NEAR(static_cast<float>(out.Value(i)) * d, x[static_cast<size_t>(i)], 0.5001f * d);
  }
}

TEST_P(Quantize, ScaleIsTheLargestMagnitudeOver127) {
  std::vector<float> x = RandomValues(32 * 2, 2);
  x[5] = -3.0f;
  x[40] = 2.0f;
  Output out = Run(x);
  EXPECT_EQ(out.Scale(0), 3.0f / 127.0f);
  EXPECT_EQ(out.Value(5), -127);
  EXPECT_EQ(out.Scale(1), 2.0f / 127.0f);
  EXPECT_EQ(out.Value(40), 127);
}

TEST_P(Quantize, TiesGoToTheEvenNeighbour) {
  std::vector<float> x(32);
  x[0] = 127.0f;  // a step of exactly one
  x[1] = 0.5f, x[2] = 1.5f, x[3] = 2.5f, x[4] = -0.5f, x[5] = -1.5f;
  Output out = Run(x);
  const int expected[] = {127, 0, 2, 2, 0, -2};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(out.Value(i), expected[i]);
}

TEST_P(Quantize, BlocksOfZerosAndOfNearlyZerosAreZero) {
  std::vector<float> x(32 * 3);
  for (size_t i = 32; i < 64; ++i) x[i] = 1e-39f;
  for (size_t i = 64; i < 96; ++i) x[i] = 1e-30f;
  Output out = Run(x);
  EXPECT_EQ(out.Scale(0), 0.0f);
  EXPECT_EQ(out.Scale(1), 0.0f);
  EXPECT_EQ(out.Value(40), 0);
  EXPECT_EQ(out.Value(70), 127);
}

TEST_P(Quantize, SumsAreThoseOfTheHalves) {
  std::vector<float> x = RandomValues(32 * 5, 3);
  for (size_t i = 0; i < 32; ++i) x[i] = i < 16 ? 1.0f : -1.0f;  // as large as sums get
  Output out = Run(x);
  EXPECT_EQ(out.sums[0], 16 * 127);
  EXPECT_EQ(out.sums[1], -16 * 127);
  for (int64_t half = 0; half < 10; ++half) {
    int sum = 0;
    for (int64_t i = 16 * half; i < 16 * half + 16; ++i) sum += out.Value(i);
    EXPECT_EQ(out.sums[static_cast<size_t>(half)], sum);
  }
}

TEST_P(Quantize, HasTheBitsOfTheScalarFormAndTouchesNothingElse) {
  for (const int64_t blocks : {1, 2, 3, 4, 5, 11}) {
    const std::vector<float> x = RandomValues(32 * blocks, static_cast<uint32_t>(blocks));
    Output expected(blocks);
    QuantizeScalar(x.data(), blocks, expected.Row());
    Output out = Run(x);
    EXPECT_EQ(out.bytes, expected.bytes);
    EXPECT_EQ(out.sums, expected.sums);
    EXPECT_EQ(out.bytes[0], kUntouched);
    EXPECT_EQ(out.bytes[32 * kRows], kUntouched);
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, Quantize,
                         testing::Values(Variant{CpuLevel::kScalar, QuantizeScalar},
                                         Variant{CpuLevel::kAvx2, QuantizeAvx2},
                                         Variant{CpuLevel::kAvx512, QuantizeAvx512}),
                         [](const auto& info) { return CpuLevelName(info.param.level); });

}  // namespace
}  // namespace motley
