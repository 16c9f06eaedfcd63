#include "scheduler/simulator/policies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/simulator/boxes.h"

namespace motley {
namespace {

// "a0-4 b5-9": devices and their items.
std::string Placed(std::string_view policy, const MachineProfile& machine,
                   const Workload& workload) {
  const auto plan = PlanByPolicy(policy, machine, workload, {});
  if (!plan.ok()) return plan.error().message;
  std::string out;
  for (const Stage& stage : plan->stages()) {
    out += (out.empty() ? "" : " ") + stage.device + std::to_string(stage.first_item) + "-" +
           std::to_string(stage.last_item);
  }
  return out;
}

// 12 layers of 1 byte between an embedding and a head of 2; no KV memory.
Workload Small() {
  Workload workload = LayersOnly(12, 0);
  workload.items.insert(workload.items.begin(), {.name = "embed", .weight_bytes = 2, .cost = 0});
  workload.items.push_back({.name = "head", .weight_bytes = 2});
  return workload;
}

TEST(Policies, DealLayersAsTheirNamesSay) {
  const auto machine = Machine({LinearDevice("a", 1, 100, 0, 30), LinearDevice("b", 1, 50, 0, 10)});
  EXPECT_EQ(Placed("memory-proportional", machine, Small()), "a0-9 b10-13");
  EXPECT_EQ(Placed("speed-proportional", machine, Small()), "a0-4 b5-13");
  EXPECT_EQ(Placed("even", machine, Small()), "a0-6 b7-13");
  EXPECT_EQ(Placed("fastest-first", machine, Small()), "b0-8 a9-13");
  EXPECT_EQ(Placed("single:a", machine, Small()), "a0-13");
}

TEST(Policies, WhatDoesNotFitMovesOn) {
  const auto machine = Machine({LinearDevice("a", 1, 100, 0, 5), LinearDevice("b", 1, 100, 0, 30)});
  EXPECT_EQ(Placed("even", machine, Small()), "a0-3 b4-13");
  const auto tight = Machine({LinearDevice("a", 1, 100, 0, 30), LinearDevice("b", 1, 100, 0, 5)});
  EXPECT_EQ(Placed("even", tight, Small()), "a0-9 b10-13");
}

TEST(Policies, ErrorsSayWhatIsMissing) {
  const auto machine = Machine({LinearDevice("a", 1, 100, 0, 5), LinearDevice("b", 1, 100, 0, 5)});
  EXPECT_THAT(Placed("even", machine, Small()),
              ::testing::HasSubstr("all need 16 B, 10 B are usable"));
  EXPECT_THAT(Placed("single:c", machine, Small()), ::testing::HasSubstr("no device \"c\""));
  EXPECT_THAT(Placed("odd", machine, Small()),
              ::testing::HasSubstr("memory-proportional, speed-proportional"));
  EXPECT_EQ(PlanByPolicy("even", machine, Small(), {}).error().code, Code::kOutOfMemory);
}

// Whatever the box, a rule that finds a placement covers all items once and fits.
TEST(Policies, PlansAreSimulated) {
  const auto machine =
      Machine({LinearDevice("a", 1, 100, 1, 2000), LinearDevice("b", 1, 50, 1, 900)});
  for (std::string name : PolicyNames()) {
    const auto plan = PlanByPolicy(name, machine, LayersOnly(12), {});
    ASSERT_TRUE(plan.ok()) << name;
    const auto result = Simulate(machine, LayersOnly(12), *plan, Offline(20, 5, 10), {});
    ASSERT_TRUE(result.ok()) << name << result.error().message;
    EXPECT_EQ(result->completed, 20u) << name;
  }
}

}  // namespace
}  // namespace motley
