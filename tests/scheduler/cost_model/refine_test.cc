#include "scheduler/cost_model/refine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "scheduler/cost_model/drift.h"

namespace motley {
namespace {

constexpr size_t kOnce = 0, kFew = 1, kMany = 2, kDecode = 3, kPrompt = 4;

// What a made-up profile predicts: 50 once, 100 and 1 per row of matrices, 0.02 per token.
ClassTimes Predicted(const StepShape& shape) {
  const double rows = shape.prefill_rows + shape.decode_rows;
  ClassTimes parts{};
  parts[kOnce] = 50;
  parts[rows > 16 ? kMany : kFew] = 100 + rows;
  parts[kDecode] = 0.02 * shape.decode_context;
  parts[kPrompt] = 0.02 * shape.prefill_pairs;
  return parts;
}

// A device that is off by a factor for each class.
struct Device {
  std::array<double, kCostClasses> off{1, 1, 1, 1, 1};
  double all = 1, noise = 0;
  std::mt19937_64 dice{7};

  double Us(const StepShape& shape) {
    const ClassTimes parts = Predicted(shape);
    double us = 0;
    for (size_t k = 0; k < kCostClasses; ++k) us += off[k] * parts[k];
    return us * all * (1 + noise * std::normal_distribution<double>(0, 1)(dice));
  }
};

StepShape Shape(int i) {
  switch (i % 5) {
    case 0:
      return StepShape::Decode(1, 100);
    case 1:
      return StepShape::Decode(8, 200);
    case 2:
      return StepShape::Decode(16, 2000);
    case 3:
      return StepShape::Prompt(256, 100);
    default:
      return StepShape::Prompt(128) + StepShape::Decode(4, 1000);
  }
}

double Error(const Refiner& refiner, Device& device, const StepShape& shape) {
  return std::abs(refiner.Refine(shape, Predicted(shape)) / device.Us(shape) - 1);
}

void Teach(Refiner& refiner, Device& device, int steps) {
  for (int i = 0; i < steps; ++i) {
    refiner.Observe(Shape(i), Predicted(Shape(i)), device.Us(Shape(i)));
  }
}

TEST(Refiner, SaysWhatTheProfileSaysUntilItSawAStep) {
  const Refiner refiner;
  for (int i = 0; i < 5; ++i) {
    const ClassTimes parts = Predicted(Shape(i));
    double sum = 0;
    for (const double part : parts) sum += part;
    EXPECT_DOUBLE_EQ(refiner.Refine(Shape(i), parts), sum);
  }
}

TEST(Refiner, IsWithinAFewPercentAfterTwoHundredSteps) {
  Device device{.off = {1, 1.3, 0.8, 1.6, 1.2}, .all = 1.5, .noise = 0.02};
  Refiner refiner;
  Teach(refiner, device, 200);
  device.noise = 0;
  for (int i = 0; i < 5; ++i) EXPECT_LT(Error(refiner, device, Shape(i)), 0.03) << i;
}

TEST(Refiner, WhatItLearntOfSomeSizesHoldsForOthers) {
  Device device{.off = {1, 1, 1, 1.7, 1}};
  Refiner refiner;
  const StepShape unseen = StepShape::Decode(4, 6000);
  const double before = Error(refiner, device, unseen);
  Teach(refiner, device, 400);
  EXPECT_LT(Error(refiner, device, unseen), before / 3);
  EXPECT_GT(refiner.factors()[kDecode], 1.3);
}

TEST(Refiner, OneSizeCannotTellClassesApart) {
  Device device{.off = {1, 2, 1, 1, 1}};
  Refiner refiner;
  for (int i = 0; i < 500; ++i) {
    refiner.Observe(Shape(0), Predicted(Shape(0)), device.Us(Shape(0)));
  }
  for (const double factor : refiner.factors()) EXPECT_EQ(factor, 1);
  EXPECT_LT(Error(refiner, device, Shape(0)), 0.01);
}

TEST(Refiner, FollowsADeviceThatIsThrottled) {
  Device device;
  Refiner refiner;
  Teach(refiner, device, 300);
  device.all = 1.6;
  Teach(refiner, device, 300);
  for (int i = 0; i < 5; ++i) EXPECT_LT(Error(refiner, device, Shape(i)), 0.05) << i;
}

TEST(Refiner, AnOutlierMovesNothingMuch) {
  Device device{.noise = 0.01};
  Refiner refiner;
  Teach(refiner, device, 200);
  refiner.Observe(Shape(2), Predicted(Shape(2)), 100 * device.Us(Shape(2)));
  device.noise = 0;
  for (const int i : {0, 1, 3, 4}) EXPECT_LT(Error(refiner, device, Shape(i)), 0.06) << i;
}

TEST(Refiner, LearnsWhatStepsTakeAndNotWhatDisturbsSomeOfThem) {
  Device device{.all = 1.4, .noise = 0.01};
  Refiner refiner;
  for (int i = 0; i < 400; ++i) {
    const double slower = i % 10 == 3 ? 4 : 1;
    refiner.Observe(Shape(i), Predicted(Shape(i)), slower * device.Us(Shape(i)));
  }
  device.noise = 0;
  for (const int i : {0, 1, 2, 4}) EXPECT_LT(Error(refiner, device, Shape(i)), 0.06) << i;
}

TEST(Refiner, LearnsNothingFromNothing) {
  Refiner refiner;
  refiner.Observe(Shape(0), {}, 100);
  refiner.Observe(Shape(0), Predicted(Shape(0)), 0);
  refiner.Observe(Shape(0), Predicted(Shape(0)), std::nan(""));
  EXPECT_EQ(refiner.steps(), 0u);
}

TEST(Refiner, ComesBackFromJsonAsItWentAndRefusesWhatIsNotOne) {
  Device device{.off = {1, 1.3, 0.8, 1.6, 1.2}};
  Refiner refiner;
  Teach(refiner, device, 100);
  const auto back = Refiner::FromJson(refiner.ToJson());
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->ToJson(), refiner.ToJson());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(back->Refine(Shape(i), Predicted(Shape(i))),
              refiner.Refine(Shape(i), Predicted(Shape(i))));
  }
  auto json = refiner.ToJson();
  json["factors"][0] = 9;
  EXPECT_FALSE(Refiner::FromJson(json).ok());
  json = refiner.ToJson();
  json["covariance"] = {1};
  EXPECT_FALSE(Refiner::FromJson(json).ok());
  EXPECT_FALSE(Refiner::FromJson(nullptr).ok());
}

TEST(Refiner, AppliedToAProfileItSaysTheSame) {
  StepTimes times;
  times.layers = 2;
  times.step_us = 10;
  times.attention_us_per_row_token = 0.01;
  times.prefill = {{16, 100}, {512, 2000}};
  times.decode_by_past = {{0, 60}, {1000, 90}};
  times.decode_by_batch = {{8, 80}};
  times.head = {{1, 30}};
  Refiner refiner;
  const ClassTimes parts{10, 90, 0, 20, 0};
  for (int i = 0; i < 100; ++i) refiner.Observe(StepShape::Decode(1, 500), parts, 240);
  EXPECT_NEAR(refiner.scale(), 2, 1e-6);
  const StepTimes doubled = refiner.Apply(times);
  EXPECT_NEAR(doubled.step_us, 20, 1e-4);
  EXPECT_NEAR(doubled.prefill[1].second, 4000, 0.1);
  EXPECT_NEAR(doubled.decode_by_past[1].second, 180, 1e-3);
  EXPECT_NEAR(doubled.decode_by_batch[0].second, 160, 1e-3);
  EXPECT_NEAR(doubled.head[0].second, 60, 1e-3);
  EXPECT_NEAR(doubled.attention_us_per_row_token, 0.02, 1e-6);
}

TEST(DriftAlarm, RingsWithinAFewStepsOfALastingChangeInEitherDirection) {
  for (const double change : {1.3, 0.75}) {
    DriftAlarm alarm;
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(alarm.Add(100, 100));
    std::optional<double> rung;
    int steps = 0;
    while (!rung && steps < 20) {
      rung = alarm.Add(100 * change, 100);
      ++steps;
    }
    ASSERT_TRUE(rung) << change;
    EXPECT_LE(steps, 5);
    EXPECT_NEAR(*rung, change, 0.05);
    EXPECT_EQ(alarm.alarms(), 1u);
  }
}

TEST(DriftAlarm, IsSilentWithinItsSlackForOneSlowStepAndWhileItLearns) {
  DriftAlarm alarm;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(alarm.Add(500, 100));
  for (int i = 0; i < 10000; ++i) EXPECT_FALSE(alarm.Add(i % 2 ? 104 : 96, 100));
  EXPECT_FALSE(alarm.Add(10000, 100));
  EXPECT_FALSE(alarm.Add(100, 100));
  EXPECT_EQ(alarm.alarms(), 0u);
}

}  // namespace
}  // namespace motley
