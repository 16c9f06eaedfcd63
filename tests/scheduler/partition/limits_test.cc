// What the bottleneck table leaves out answers no question: on boxes too large to try everything.

#include "scheduler/partition/solve/limits.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tests/scheduler/partition/boxes.h"

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Eight or nine devices, 60 to 70 items; memory from scarce to ample, one device sometimes tiny.
Box MiddlingBox(uint64_t seed) {
  std::mt19937_64 engine(seed);
  const auto real = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine);
  };
  const int devices = seed % 2 ? 8 : 9;
  Box box = LargeBox(devices, 58 + static_cast<int>(seed % 10));
  const double memory = real(0.35, 3);
  for (DeviceProfile& device : box.machine.devices) {
    device.usable_bytes *= memory * real(0.5, 1.5);
    const double speed = real(0.3, 5);
    for (auto* times : {&device.item_times->prefill, &device.item_times->decode}) {
      for (double& us : *times) us *= speed * real(0.7, 1.3);
    }
  }
  if (seed % 5 == 0) box.machine.devices[3].usable_bytes = 1000;
  if (seed % 7 == 0) box.machine.devices[1] = box.machine.devices[0];
  box.machine.devices[1].id = "dev1";
  return box;
}

double BestOf(const StateTable& table, int cls, int at_least, int at_most) {
  double best = kInfinity;
  for (int state = 1; state < table.states(); ++state) {
    const int count = table.Count(state, cls);
    if (count >= at_least && count <= at_most) best = std::min(best, table.Final(state));
  }
  return best;
}

TEST(Limits, EveryQuestionHasTheAnswerOfTheWholeTable) {
  int pruned = 0, infinite = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const Box box = MiddlingBox(seed);
    const Objective objective{ObjectiveKind::kBottleneck, 0, 1};
    const auto costs = PriceItems(box.machine, box.workload, objective);
    ASSERT_TRUE(costs.ok());
    const Problem problem =
        BuildProblem(box.machine, box.workload, objective, *costs, StageModes::kResident);
    auto whole = StateTable::Make(problem), useful = StateTable::Make(problem);
    ASSERT_TRUE(whole.ok() && useful.ok());
    SolveBottleneckWithin(problem, *whole, UsefulValues());
    SolveBottleneckWithin(problem, *useful, UsefulValues(problem, *useful));
    for (int cls = 0; cls < whole->classes(); ++cls) {
      const int most = static_cast<int>(problem.classes[cls].members.size());
      for (int count = 0; count <= most; ++count) {
        EXPECT_EQ(BestOf(*whole, cls, 0, count), BestOf(*useful, cls, 0, count)) << "box " << seed;
        EXPECT_EQ(BestOf(*whole, cls, count, most), BestOf(*useful, cls, count, most))
            << "box " << seed;
        infinite += BestOf(*whole, cls, 0, count) == kInfinity ? 1 : 0;
      }
    }
    EXPECT_EQ(whole->Final(whole->full()), useful->Final(useful->full())) << "box " << seed;
    for (int state = 1; state < whole->states(); ++state) {
      pruned += whole->Final(state) != useful->Final(state) ? 1 : 0;
    }
  }
  // The boxes must exercise both for this test to mean something.
  EXPECT_GT(pruned, 100);
  EXPECT_GT(infinite, 10);
}

}  // namespace
}  // namespace motley
