#include "scheduler/choose/choose.h"

#include <gtest/gtest.h>

#include "tests/scheduler/simulator/boxes.h"

namespace motley {
namespace {

//  fast0: 1 us a prompt token, 20 us a step and 1 us a sequence, for each of four layers
//  slow0: ten times that, at a fifth of the power
class Choose : public testing::Test {
 protected:
  Choose() : workload_(LayersOnly(4)) {
    DeviceProfile fast = LinearDevice("fast0", 1, 20, 1), slow = LinearDevice("slow0", 10, 200, 10);
    fast.idle_w = 30, fast.busy_w = 300;
    slow.idle_w = 2, slow.busy_w = 20;
    machine_ = Machine({fast, slow});
    workload_.context_tokens = 1000;
    how_.requests = 200;
  }
  static Objective For(ObjectiveKind kind) { return {kind, 100, 20}; }
  Result<Choice> Ask(const Objective& objective) {
    return ChooseBySimulation(machine_, workload_, objective, how_);
  }
  MachineProfile machine_;
  Workload workload_;
  ChooseOptions how_;
};

TEST_F(Choose, TheBestContenderIsThePlanAndTheOthersAreItsAlternatives) {
  const auto choice = Ask(For(ObjectiveKind::kThroughput));
  ASSERT_TRUE(choice.ok()) << choice.error().message;
  ASSERT_GE(choice->contenders.size(), 2u);
  for (const Contender& other : choice->contenders) {
    EXPECT_LE(other.value, choice->plan.proof.value);
    EXPECT_TRUE(other.simulated.violations.empty());
  }
  EXPECT_EQ(choice->plan.id, choice->contenders[0].plan.id);
  EXPECT_EQ(choice->plan.alternatives.size(), choice->contenders.size() - 1);
  EXPECT_EQ(choice->plan.predicted.decode_tokens_per_s, choice->plan.proof.value);
}

TEST_F(Choose, TheSameQuestionHasTheSameAnswer) {
  const auto once = Ask(For(ObjectiveKind::kThroughput)),
             again = Ask(For(ObjectiveKind::kThroughput));
  ASSERT_TRUE(once.ok() && again.ok());
  EXPECT_EQ(once->plan.id, again->plan.id);
  EXPECT_EQ(once->plan.proof.value, again->plan.proof.value);
}

TEST_F(Choose, GoodputIsTheRateUpToWhichTheTimesAreKept) {
  Objective objective = For(ObjectiveKind::kGoodput);
  objective.slo = {0.01, 0.001, 0.9};
  const auto choice = Ask(objective);
  ASSERT_TRUE(choice.ok()) << choice.error().message;
  const Contender& best = choice->contenders[0];
  EXPECT_GT(best.value, 0);
  EXPECT_GE(best.simulated.slo_attained, 0.9);
  // A prompt takes 400 us on the fast device: no plan answers more than 3,000 a second in time.
  EXPECT_LT(best.value, 3000);
}

TEST_F(Choose, TimesThatNoDeviceKeepsGiveNoGoodput) {
  Objective objective = For(ObjectiveKind::kGoodput);
  objective.slo = {1e-6, 0, 0.9};
  const auto choice = Ask(objective);
  ASSERT_TRUE(choice.ok()) << choice.error().message;
  EXPECT_EQ(choice->plan.proof.value, 0);
}

TEST_F(Choose, CostTakesTheFrugalDeviceWhileItKeepsUp) {
  Objective objective = For(ObjectiveKind::kCost);
  objective.rate_rps = 1;
  const auto idle = Ask(objective);
  ASSERT_TRUE(idle.ok()) << idle.error().message;
  EXPECT_EQ(idle->plan.stages().size(), 1u);
  EXPECT_EQ(idle->plan.stages()[0].device, "slow0");
  objective.rate_rps = 400;  // the slow one answers at most 250 prompts a second
  const auto busy = Ask(objective);
  ASSERT_TRUE(busy.ok()) << busy.error().message;
  EXPECT_EQ(busy->plan.stages()[0].device, "fast0");
}

TEST_F(Choose, ARateThatNothingKeepsUpWithIsSaid) {
  Objective objective = For(ObjectiveKind::kCost);
  objective.rate_rps = 1e6;
  const auto choice = Ask(objective);
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().code, Code::kUnavailable);
}

TEST_F(Choose, WhatIsMissingIsNamed) {
  EXPECT_EQ(Ask(For(ObjectiveKind::kLatency)).error().code, Code::kUnsupported);
  EXPECT_EQ(Ask(For(ObjectiveKind::kGoodput)).error().field, "slo");
  EXPECT_EQ(Ask(For(ObjectiveKind::kCost)).error().field, "rate");
}

TEST_F(Choose, ATraceIsTriedAtTheRatesAsked) {
  how_.trace = Offline(50, 100, 20);
  for (size_t i = 0; i < how_.trace.size(); ++i) how_.trace[i].at_s = 10.0 * static_cast<double>(i);
  Objective objective = For(ObjectiveKind::kGoodput);
  objective.slo = {0.01, 0, 0.9};
  const auto choice = Ask(objective);
  ASSERT_TRUE(choice.ok()) << choice.error().message;
  EXPECT_GT(choice->plan.proof.value, 1) << "ten times the trace's own rate";
}

TEST_F(Choose, ItStopsWhenItIsTold) {
  how_.progress = [](double) { return false; };
  EXPECT_EQ(Ask(For(ObjectiveKind::kThroughput)).error().code, Code::kCancelled);
}

}  // namespace
}  // namespace motley
