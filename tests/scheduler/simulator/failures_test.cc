// Devices that go, and come back or do not: every request is answered once, whatever happens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/simulator/simulator.h"
#include "tests/scheduler/simulator/boxes.h"

namespace motley {
namespace {

SimulationResult Simulated(const Plan& plan, const std::vector<Arrival>& arrivals,
                           const std::vector<SimulationOptions::Failure>& failures) {
  const auto machine = Machine({LinearDevice("a", 1, 100, 5), LinearDevice("b", 1, 150, 5),
                                LinearDevice("c", 1, 100, 5), LinearDevice("d", 1, 120, 5)},
                               20, 1e8);
  const auto result = Simulate(machine, LayersOnly(4, 100), plan, arrivals, {.failures = failures});
  EXPECT_TRUE(result.ok()) << result.error().message;
  if (!result.ok()) return {};
  EXPECT_THAT(result->violations, ::testing::IsEmpty());
  EXPECT_EQ(result->requests, arrivals.size());
  EXPECT_EQ(result->completed + result->failed, arrivals.size());
  return *result;
}

TEST(Failure, EndsWhatRanAndTheQueueGoesOnWhenTheDeviceIsBack) {
  const Plan plan = PlanOf({EvenReplica({"a", "b"}, 4, 4, 8)});
  const auto result = Simulated(plan, Offline(100, 20, 50), {{0.1, "b", 5}});
  EXPECT_GT(result.failed, 0u);
  EXPECT_LE(result.failed, 8u);
  EXPECT_GT(result.seconds, 5.1);
}

TEST(Failure, WithoutReturnFailsAllThatWaitsAndComes) {
  const Plan plan = PlanOf({EvenReplica({"a", "b"}, 4, 4, 8)});
  auto arrivals = Offline(100, 20, 50);
  arrivals.push_back({50, 20, 50});
  const auto result = Simulated(plan, arrivals, {{0.1, "b", 0}});
  EXPECT_GT(result.failed, 80u);
  EXPECT_GT(result.completed, 0u);
}

TEST(Failure, OfOneReplicaLeavesTheWorkToTheOther) {
  const Plan plan = PlanOf({EvenReplica({"a", "b"}, 4, 4, 8), EvenReplica({"c", "d"}, 4, 4, 8)});
  const auto result = Simulated(plan, Offline(100, 20, 50), {{0.1, "b", 0}});
  EXPECT_LE(result.failed, 8u);
  EXPECT_LT(result.utilisation.at("b"), 0.5);
}

TEST(Failure, OfAnIdleDeviceHarmsNobody) {
  const Plan plan = PlanOf({EvenReplica({"a"}, 4, 4, 8), EvenReplica({"c"}, 4, 4, 8)});
  std::vector<Arrival> arrivals = {{0, 10, 5}, {10, 10, 5}, {20, 10, 5}};
  EXPECT_EQ(Simulated(plan, arrivals, {{5, "a", 0}, {15, "a", 1}, {16, "d", 0}}).failed, 0u);
}

TEST(Failure, AnyTimeOfAnyDeviceLosesNoRequest) {
  for (int seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Plan plan =
        PlanOf({EvenReplica({"a", "b"}, 4, 3, 9, 600), EvenReplica({"c", "d"}, 4, 4, 8, 400)});
    if (seed % 2) {
      plan.pools = {
          {Phase::kPrefill, {EvenReplica({"a", "b"}, 4, 3, 9, 600)}},
          {Phase::kDecode, {EvenReplica({"c"}, 4, 4, 8, 400), EvenReplica({"d"}, 4, 4, 8, 400)}}};
    }
    const auto arrivals = *DrawArrivals({ArrivalProcess::Kind::kPoisson, 300},
                                        *ParseLengths("in:20,out:30"), 2, seed);
    std::vector<SimulationOptions::Failure> failures;
    for (int f = 0; f < 5; ++f) {
      failures.push_back({0.1 + 0.37 * f + 0.011 * seed, std::string(1, "abcd"[(seed + f * 3) % 4]),
                          (seed + f) % 3 ? 0.2 : 0.0});
    }
    Simulated(plan, arrivals, failures);
  }
}

}  // namespace
}  // namespace motley
