#include "hwprofiles/op_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace motley {
namespace {

TEST(OpFit, RegimeNamesReadBack) {
  const double no_end = std::numeric_limits<double>::infinity();
  EXPECT_EQ(RegimeRange("6-90"), std::pair(6.0, 90.0));
  EXPECT_EQ(RegimeRange("91-"), std::pair(91.0, no_end));
  EXPECT_EQ(RegimeRange(""), std::pair(0.0, no_end));
  EXPECT_EQ(RegimeRange("decode"), std::pair(0.0, no_end));
  EXPECT_EQ(RegimeRange("6-many"), std::pair(0.0, no_end));
}

TEST(OpFit, ARangeHoldsByItsNumbersAndAWordByThePhase) {
  const auto holds = [](const char* regime, FitPhase phase, double x) {
    return Holds({"mul_mat", "Q4_0", regime, 0, 1, 1, 1}, {"mul_mat", "Q4_0", phase, x});
  };
  for (const FitPhase phase : {FitPhase::kPrefill, FitPhase::kDecode}) {
    EXPECT_TRUE(holds("1-11", phase, 11));
    EXPECT_TRUE(holds("1-11", phase, 11.5));  // whole numbers leave no gap
    EXPECT_FALSE(holds("1-11", phase, 12));
    EXPECT_TRUE(holds("12-", phase, 1e9));
    EXPECT_TRUE(holds("", phase, 5));
    EXPECT_FALSE(holds("other", phase, 5));
  }
  EXPECT_TRUE(holds("prefill", FitPhase::kPrefill, 1));
  EXPECT_TRUE(holds("gemm", FitPhase::kPrefill, 1));
  EXPECT_FALSE(holds("gemm", FitPhase::kDecode, 512));
  EXPECT_TRUE(holds("gemv", FitPhase::kDecode, 1));
  EXPECT_TRUE(holds("decode", FitPhase::kDecode, 1));
}

TEST(OpFit, TheTypesOwnFitPricesElseTheSlowest) {
  const std::vector<OpFit> fits = {{"mul_mat", "Q4_0", "1-", 1, 100, 1e9, 1},
                                   {"mul_mat", "F32", "1-", 1, 10, 1e9, 1},
                                   {"add", "F32", "1-", 1, 1, 1e9, 1}};
  FittedCall call{"mul_mat", "Q4_0", FitPhase::kDecode, 1, 1000, 0};
  EXPECT_EQ(FitFor(fits, call), &fits[0]);
  EXPECT_DOUBLE_EQ(PriceUs(fits, call).value_or(0), 11);
  for (const char* unknown : {"", "Q2_K"}) {
    call.type = unknown;
    EXPECT_EQ(FitFor(fits, call), &fits[1]);
  }
  call.op = "rope";
  EXPECT_EQ(FitFor(fits, call), nullptr);
  EXPECT_EQ(PriceUs(fits, call), std::nullopt);
}

TEST(OpFit, BothRatesMeetSmoothly) {
  const OpFit fit{"mul_mat", "Q4_0", "", 3, 10, 20, 2};
  EXPECT_DOUBLE_EQ(PriceUs(fit, 40, 60), 3 + 5);  // 4 and 3
  EXPECT_DOUBLE_EQ(PriceUs(fit, 0, 60), 3 + 3);
  EXPECT_DOUBLE_EQ(PriceUs(fit, 0, 0), 3);
}

}  // namespace
}  // namespace motley
