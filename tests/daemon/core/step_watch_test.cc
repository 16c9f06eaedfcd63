#include "daemon/core/step_watch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

// A prompt's chunk of 3 rows after 10 tokens, and two sequences that decode.
Batch Mixed() {
  Batch batch;
  batch.sequences.resize(3);
  for (int i = 0; i < 3; ++i) batch.rows.push_back({1, 10 + i, 0});
  batch.rows.push_back({1, 100, 1});
  batch.rows.push_back({1, 200, 2});
  batch.outputs = {{.row = 3}, {.row = 4}};
  return batch;
}

TEST(ShapeOf, CountsChunksAndSequencesApart) {
  const StepShape shape = ShapeOf(Mixed());
  EXPECT_EQ(shape.prefill_rows, 3);
  EXPECT_EQ(shape.prefill_pairs, 11 + 12 + 13);
  EXPECT_EQ(shape.decode_rows, 2);
  EXPECT_EQ(shape.decode_context, 300);
  EXPECT_EQ(shape.logit_rows, 2);
}

class StepWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "step_watch_" + std::to_string(::getpid());
    ::setenv("MOTLEY_STATE", folder_.c_str(), 1);
    StepTimes times;
    times.layers = 2;
    times.prefill = {{16, 100}, {512, 2000}};
    times.decode_by_past = {{0, 60}, {1000, 90}};
    times.head = {{1, 30}};
    planned_.measured = {times};
    planned_.fingerprint = "a model";
    DeviceProfile& device = planned_.machine.devices.emplace_back();
    device.id = "cpu0";
    device.usable_bytes = 1e9;
    device.step_times = times;
    planned_.devices = {DeviceInfo{.id = "cpu0", .uuid = "u"}};
    planned_.workload.items = {{"embed", 1, 0}, {"layer.0", 1}, {"layer.1", 1}, {"head", 1}};
    planned_.plan.pools = OnePipeline({{"cpu0", 0, 3}}, 100, 1);
  }

  std::unique_ptr<StepWatch> Start() {
    auto watch = StepWatch::Make(planned_, 0);
    EXPECT_TRUE(watch.ok()) << watch.error().message;
    return watch.ReleaseValue();
  }

  void Run(StepWatch& watch, int steps, double us) {
    Done done;
    done.stages = {{"cpu0", 0, 3, us / 1e3}};
    for (int i = 0; i < steps; ++i) watch.Stepped(Mixed(), done, us + 10);
  }

  std::string folder_;
  PlannedModel planned_;
};

TEST_F(StepWatchTest, LearnsWhatStepsTakeAndKnowsItAfterARestart) {
  const auto first = Start();
  EXPECT_FALSE(first->Forecasts()[0].known());
  Run(*first, 600, 300);
  const StepForecast stage = first->Forecasts()[0];
  EXPECT_EQ(stage.device, "cpu0");
  EXPECT_EQ(stage.steps, 600u);
  EXPECT_LT(stage.p95_error, 0.01);
  EXPECT_GT(stage.profile_error, 0.3);
  EXPECT_LT(first->Forecasts().back().median_error, 0.05);
  first->Keep();
  const auto second = Start();
  Run(*second, 1, 300);
  EXPECT_LT(second->Forecasts()[0].median_error, 0.01);
}

TEST_F(StepWatchTest, WhatWasLearntOfOtherTimesIsForgotten) {
  const auto first = Start();
  Run(*first, 600, 300);
  first->Keep();
  planned_.measured[0].head = {{1, 31}};
  const auto second = Start();
  Run(*second, 1, 300);
  EXPECT_GT(second->Forecasts()[0].median_error, 0.3);
}

TEST_F(StepWatchTest, CountsADrift) {
  const auto watch = Start();
  Run(*watch, 200, 300);
  EXPECT_EQ(watch->Forecasts()[0].drifts, 0u);
  Run(*watch, 20, 450);
  EXPECT_GE(watch->Forecasts()[0].drifts, 1u);
  EXPECT_EQ(ToJson(watch->Forecasts()[0])["drifts"], watch->Forecasts()[0].drifts);
}

}  // namespace
}  // namespace motley
