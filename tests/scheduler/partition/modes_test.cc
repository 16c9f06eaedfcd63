// Streamed weights and groups of devices against trying everything.

#include <gtest/gtest.h>

#include <limits>

#include "scheduler/partition/partitioner.h"
#include "tests/scheduler/partition/boxes.h"

namespace motley {
namespace {

constexpr ObjectiveKind kKinds[] = {ObjectiveKind::kLatency, ObjectiveKind::kBottleneck};

Result<Plan> Solve(const Box& box, ObjectiveKind kind, StageModes modes) {
  Objective objective = box.objective;
  objective.kind = kind;
  return Partition(box.machine, box.workload, objective, DeviceUse::kAny, modes);
}

double ValueOrInfinity(const Result<Plan>& plan) {
  return plan.ok() ? plan->proof.value : std::numeric_limits<double>::infinity();
}

TEST(Modes, StreamedAndGroupedPlansEqualTryingEverything) {
  int streamed = 0, grouped = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Box box = WithHostAndGroup(RandomBox(seed), seed);
    for (const auto streaming : {Streaming::kNever, Streaming::kAllowed}) {
      const BestValues truth = TryEverything(box, streaming);
      const auto modes = streaming == Streaming::kAllowed ? StageModes::kResidentOrStreamed
                                                          : StageModes::kResident;
      for (const ObjectiveKind kind : kKinds) {
        const auto plan = Solve(box, kind, modes);
        const double best = truth.Best(kind);
        if (!plan.ok()) {
          EXPECT_EQ(best, std::numeric_limits<double>::infinity()) << "box " << seed;
          EXPECT_EQ(plan.error().code, Code::kOutOfMemory) << plan.error().message;
          continue;
        }
        EXPECT_NEAR(plan->proof.value, best, 1e-9 * best) << "box " << seed;
        for (const Stage& stage : plan->stages()) {
          streamed += stage.mode == StageMode::kStreamed ? 1 : 0;
          grouped += stage.device == "both" ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(streamed, 100);
  EXPECT_GT(grouped, 100);
}

TEST(Modes, AGroupIsNeverBesideItsMembers) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const Box box = WithHostAndGroup(RandomBox(seed), seed);
    const auto plan = Solve(box, ObjectiveKind::kBottleneck, StageModes::kResident);
    if (!plan.ok()) continue;
    bool group = false, member = false;
    for (const Stage& stage : plan->stages()) {
      group |= stage.device == "both";
      member |= stage.device == "dev0" || stage.device == "dev1";
    }
    EXPECT_FALSE(group && member) << "box " << seed;
  }
}

TEST(Modes, AllowingStreamsNeverWorsens) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Box box = WithHostAndGroup(RandomBox(seed), seed);
    for (const ObjectiveKind kind : kKinds) {
      EXPECT_LE(ValueOrInfinity(Solve(box, kind, StageModes::kResidentOrStreamed)),
                ValueOrInfinity(Solve(box, kind, StageModes::kResident)) * (1 + 1e-12));
    }
  }
}

TEST(Modes, RefusesGroupsOfWhatIsNotThere) {
  Box box = WithHostAndGroup(RandomBox(3), 3);
  box.machine.devices[0].members = {"nobody"};
  const auto plan = Solve(box, ObjectiveKind::kLatency, StageModes::kResident);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().field, "members");
  EXPECT_NE(plan.error().message.find("nobody"), std::string::npos);
}

}  // namespace
}  // namespace motley
