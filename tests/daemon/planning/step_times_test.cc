#include "daemon/planning/step_times.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace motley {
namespace {

// A device whose chunk of r rows after p tokens takes 100 + 10 r + 0.2 r (p + r / 2) us in 2
// layers.
double TrueUs(double rows, double past) { return 100 + 10 * rows + 0.2 * rows * (past + rows / 2); }

StepTimes Measured(std::initializer_list<double> rows) {
  StepTimes times;
  times.layers = 2;
  times.attention_us_per_row_token = 0.2;
  for (const double r : rows) times.prefill.emplace_back(r, TrueUs(r, 0));
  times.decode_by_past = {{16, 110}, {1000, 310}};
  times.head = {{1, 50}};
  return times;
}

TEST(StepTimes, SayWhatAChunkTakesBetweenAndBeyondTheMeasuredOnes) {
  for (const StepTimes& times : {Measured({16, 64, 128}), Measured({16, 64, 128, 256, 512})}) {
    for (const double rows : {16, 40, 128, 300, 512}) {
      for (const double past : {0, 512, 4096}) {
        EXPECT_NEAR(times.LayerPrefillUs(rows, past) * 2, TrueUs(rows, past), 1e-6)
            << rows << " rows after " << past;
      }
    }
  }
}

TEST(StepTimes, SumTheChunksOfAPrompt) {
  const ItemTimes items = ItemTimesFor(Measured({16, 512}), 3, 1000, 20, 512);
  ASSERT_EQ(items.prefill.size(), 5u);
  EXPECT_EQ(items.prefill[0], 0);
  EXPECT_NEAR(items.prefill[1], (TrueUs(512, 0) + TrueUs(488, 512)) / 2, 1e-6);
  EXPECT_NEAR(items.decode[1], (110 + 200 * (1010.0 - 16) / 984) / 2, 1e-6);
  EXPECT_EQ(items.prefill[4], 50);
}

TEST(StepTimes, ReturnFromTheStoreAsTheyWent) {
  const StepTimes times = Measured({16, 512});
  const auto back = StepTimesFromJson(ToJson(times));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(ToJson(*back), ToJson(times));
}

TEST(StepTimes, AreRefusedWithoutPointsOrOfAnotherVersion) {
  nlohmann::json json = ToJson(Measured({16, 512}));
  json["prefill"] = nlohmann::json::array();
  EXPECT_FALSE(StepTimesFromJson(json).ok());
  json = ToJson(Measured({16, 512}));
  json["version"] = 0;
  EXPECT_FALSE(StepTimesFromJson(json).ok());
}

}  // namespace
}  // namespace motley
