#include "scheduler/replan/move.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace motley {
namespace {

using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000'000, kHour = 3600 * kSecond;

//  host --10 GB/s--> nv0, --1 GB/s--> amd0      four items of 1 GB: embed, two layers, head
MachineProfile Box() {
  MachineProfile machine;
  machine.devices.resize(2);
  machine.devices[0].id = "nv0";
  machine.devices[1].id = "amd0";
  machine.links = {{"host", "nv0", 0, 10e9}, {"host", "amd0", 0, 1e9}};
  return machine;
}

Workload FourItems() {
  Workload workload;
  workload.layers = 2;
  workload.kv_bytes_per_token_layer = 1000;
  for (const char* name : {"embed", "layer.0", "layer.1", "head"}) {
    workload.items.push_back({name, 1e9});
  }
  return workload;
}

Plan PlanOf(std::vector<Stage> stages) {
  Plan plan;
  plan.pools = OnePipeline(std::move(stages), 0, 1);
  plan.id = PlanId(plan);
  return plan;
}

TEST(WhatMoves, CountsOnlyWhatADeviceDoesNotHoldYet) {
  const Plan from = PlanOf({{"nv0", 0, 1}, {"amd0", 2, 3}});
  const Plan to = PlanOf({{"nv0", 0, 2}, {"amd0", 3, 3}});
  const Moved moved = WhatMoves(Box(), FourItems(), from, to, 1e6, 0);
  EXPECT_DOUBLE_EQ(moved.weight_bytes, 1e9);
  EXPECT_DOUBLE_EQ(moved.kv_bytes, 1e9);
  EXPECT_DOUBLE_EQ(moved.seconds, 0.2);
  EXPECT_DOUBLE_EQ(WhatMoves(Box(), FourItems(), from, from, 1e6, 0).seconds, 0);
}

TEST(WhatMoves, WeightsComeNoFasterThanTheDisk) {
  const Plan from = PlanOf({{"nv0", 0, 3}}), to = PlanOf({{"amd0", 0, 3}});
  EXPECT_DOUBLE_EQ(WhatMoves(Box(), FourItems(), from, to, 0, 0).seconds, 4);
  EXPECT_DOUBLE_EQ(WhatMoves(Box(), FourItems(), from, to, 0, 0.5e9).seconds, 8);
}

TEST(PreferFewestMoves, AmongNearlyEqualPlansTheOneThatMovesLeast) {
  const Plan current = PlanOf({{"nv0", 0, 1}, {"amd0", 2, 3}});
  const std::vector<Plan> plans = {PlanOf({{"amd0", 0, 3}}),
                                   PlanOf({{"nv0", 0, 2}, {"amd0", 3, 3}}), current};
  EXPECT_EQ(PreferFewestMoves(Box(), FourItems(), current, plans, {100, 98, 90}), 1u);
  EXPECT_EQ(PreferFewestMoves(Box(), FourItems(), current, plans, {100, 96, 90}), 0u);
  EXPECT_EQ(PreferFewestMoves(Box(), FourItems(), current, plans, {100, 99, 98}), 2u);
}

MoveOffer Offer(double gain, double sigma = 0, double move_s = 1) {
  return {"b", 100, 100 * (1 + gain), sigma, move_s, false, false};
}

TEST(MoveJudge, ASmallOrUncertainGainIsNotWorthIt) {
  const MoveJudge judge(0, "a");
  EXPECT_FALSE(judge.Judge(kHour, Offer(0.079)).move);
  EXPECT_TRUE(judge.Judge(kHour, Offer(0.09)).move);
  EXPECT_FALSE(judge.Judge(kHour, Offer(0.09, 0.05)).move);
  EXPECT_TRUE(judge.Judge(kHour, Offer(0.11, 0.05)).move);
  EXPECT_THAT(judge.Judge(kHour, Offer(0.05)).reason, HasSubstr("gains 5.0 %, must be over 8.0 %"));
}

TEST(MoveJudge, ThePlanThatServesIsNoMove) {
  const MoveJudge judge(0, "b");
  EXPECT_FALSE(judge.Judge(kHour, Offer(0.5)).move);
}

TEST(MoveJudge, TheGainMustPayForTheMoveTwice) {
  const MoveJudge judge(0, "a");
  // A gain of 10 % over the half hour that is looked ahead: 180 s of work.
  EXPECT_TRUE(judge.Judge(kHour, Offer(0.10, 0, 89)).move);
  EXPECT_FALSE(judge.Judge(kHour, Offer(0.10, 0, 91)).move);
}

TEST(MoveJudge, LoadThatJustChangedIsExpectedToChangeAgain) {
  MoveJudge judge(0, "a");
  judge.WorkloadChanged(kHour);
  EXPECT_FALSE(judge.Judge(kHour + 10 * kSecond, Offer(0.10, 0, 1)).move);
  EXPECT_TRUE(judge.Judge(kHour + 30 * kSecond, Offer(0.10, 0, 1)).move);
}

TEST(MoveJudge, AMissedServiceLevelHalvesWhatIsAsked) {
  const MoveJudge judge(0, "a");
  MoveOffer offer = Offer(0.05);
  EXPECT_FALSE(judge.Judge(kHour, offer).move);
  offer.slo_missed = true;
  EXPECT_TRUE(judge.Judge(kHour, offer).move);
}

TEST(MoveJudge, APlanWhoseDeviceIsGoneIsLeftWhateverItCosts) {
  MoveJudge judge(0, "a");
  judge.Moved(0, "c");
  MoveOffer offer = Offer(-0.9, 0.5, 1e6);
  offer.cannot_serve = true;
  EXPECT_TRUE(judge.Judge(1, offer).move);
}

TEST(MoveJudge, AfterAMoveItStaysTwoMinutes) {
  MoveJudge judge(0, "a");
  judge.Moved(kHour, "c");
  EXPECT_FALSE(judge.Judge(kHour + 119 * kSecond, Offer(1)).move);
  EXPECT_TRUE(judge.Judge(kHour + 120 * kSecond, Offer(1)).move);
}

TEST(MoveJudge, EachReturnDoublesTheStayUpToHalfAnHour) {
  MoveJudge judge(0, "a");
  judge.Moved(1, "b");
  EXPECT_EQ(judge.dwell_ns(), 120 * kSecond);
  judge.Moved(2, "a");
  EXPECT_EQ(judge.dwell_ns(), 240 * kSecond);
  for (int i = 0; i < 10; ++i) judge.Moved(3 + i, i % 2 == 0 ? "b" : "a");
  EXPECT_EQ(judge.dwell_ns(), 1800 * kSecond);
  judge.Moved(99, "c");
  EXPECT_EQ(judge.dwell_ns(), 120 * kSecond) << "a third plan is no return";
}

TEST(MoveJudge, APlanThatDoesNotGetOnIsLeftForOneThatDoes) {
  const MoveJudge judge(0, "a");
  EXPECT_TRUE(judge.Judge(kHour, {"b", 0, 10, 0, 1, false, false}).move);
  EXPECT_FALSE(judge.Judge(kHour, {"b", 0, 0, 0, 1, false, false}).move);
}

}  // namespace
}  // namespace motley
