// The dynamic programs against trying everything, and laws that hold for any optimum.

#include "scheduler/partition/partitioner.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/scheduler/partition/boxes.h"

namespace motley {
namespace {

constexpr int kBoxes = 2000;
constexpr ObjectiveKind kKinds[] = {ObjectiveKind::kLatency, ObjectiveKind::kBottleneck};

Result<Plan> Solve(const Box& box, ObjectiveKind kind, DeviceUse use = DeviceUse::kAny) {
  Objective objective = box.objective;
  objective.kind = kind;
  return Partition(box.machine, box.workload, objective, use);
}

double ValueOrInfinity(const Result<Plan>& plan) {
  return plan.ok() ? plan->proof.value : std::numeric_limits<double>::infinity();
}

void ExpectSame(double expected, double actual, uint64_t seed) {
  if (std::isinf(expected)) {
    EXPECT_TRUE(std::isinf(actual)) << "box " << seed;
  } else {
    EXPECT_NEAR(expected, actual, 1e-9 * expected) << "box " << seed;
  }
}

TEST(Partitioner, EqualsTryingEverything) {
  int feasible = 0, short_of_memory = 0;
  for (uint64_t seed = 0; seed < kBoxes; ++seed) {
    const Box box = RandomBox(seed);
    const BestValues truth = TryEverything(box);
    for (const ObjectiveKind kind : kKinds) {
      const auto plan = Solve(box, kind);
      ExpectSame(truth.Best(kind), ValueOrInfinity(plan), seed);
      if (!plan.ok()) {
        EXPECT_EQ(plan.error().code, Code::kOutOfMemory);
      }
      ++(plan.ok() ? feasible : short_of_memory);
    }
  }
  // The boxes must exercise both outcomes for this test to mean something.
  EXPECT_GT(feasible, kBoxes / 2);
  EXPECT_GT(short_of_memory, kBoxes / 10);
}

TEST(Partitioner, UsesEveryDeviceWhenToldTo) {
  for (uint64_t seed = 0; seed < 600; ++seed) {
    const Box box = RandomBox(seed);
    const BestValues truth = TryEverything(box);
    const unsigned all = (1u << box.machine.devices.size()) - 1;
    for (const ObjectiveKind kind : kKinds) {
      const auto plan = Solve(box, kind, DeviceUse::kAll);
      ExpectSame(truth.BestWithin(kind, all, all), ValueOrInfinity(plan), seed);
      if (plan.ok()) {
        EXPECT_EQ(plan->stages().size(), box.machine.devices.size());
        EXPECT_TRUE(plan->unused.empty());
      }
    }
  }
}

TEST(Partitioner, AlternativesEqualTryingEverything) {
  int compared = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    const Box box = RandomBox(seed);
    const BestValues truth = TryEverything(box);
    const int devices = static_cast<int>(box.machine.devices.size());
    const unsigned all = (1u << devices) - 1;
    for (const ObjectiveKind kind : kKinds) {
      const auto plan = Solve(box, kind);
      if (!plan.ok()) continue;
      for (const auto& alternative : plan->alternatives) {
        const auto& change = alternative.change;
        const unsigned bit = 1u << (change.back() - '0');
        const double expected = change.starts_with("without ")
                                    ? truth.BestWithin(kind, 0, all & ~bit)
                                : change.starts_with("with ") ? truth.BestWithin(kind, bit, all)
                                                              : truth.BestWithin(kind, bit, bit);
        // Of devices that are alike "without" names the last in use: an idle twin could step in for
        // it.
        if (change.starts_with("without ")) {
          EXPECT_GE(alternative.value, expected * (1 - 1e-9)) << change << ", box " << seed;
        } else {
          ExpectSame(expected, alternative.value, seed);
        }
        EXPECT_GE(alternative.value, plan->proof.value * (1 - 1e-9));
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 1000);
}

TEST(Partitioner, TheEvaluatorAgreesWithThePlan) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Box box = RandomBox(seed);
    for (const ObjectiveKind kind : kKinds) {
      const auto plan = Solve(box, kind);
      if (!plan.ok()) continue;
      const auto again = Evaluate(box.machine, box.workload, plan->objective, plan->stages());
      ASSERT_TRUE(again.ok()) << again.error().message;
      EXPECT_NEAR(again->proof.value, plan->proof.value, 1e-9 * plan->proof.value);
      EXPECT_EQ(again->id, plan->id);
      EXPECT_EQ(plan->proof.bound, plan->proof.value);
      EXPECT_EQ(plan->proof.gap, 0);
      EXPECT_FALSE(plan->proof.binding.empty());
      EXPECT_EQ(plan->stages().size() + plan->unused.size(), box.machine.devices.size());
    }
  }
}

TEST(Partitioner, AddingADeviceNeverWorsens) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Box box = RandomBox(seed);
    if (box.machine.devices.size() < 2) continue;
    for (const ObjectiveKind kind : kKinds) {
      Box fewer = box;
      const std::string gone = fewer.machine.devices.back().id;
      fewer.machine.devices.pop_back();
      std::erase_if(fewer.machine.links,
                    [&](const LinkProfile& link) { return link.from == gone || link.to == gone; });
      EXPECT_LE(ValueOrInfinity(Solve(box, kind)),
                ValueOrInfinity(Solve(fewer, kind)) * (1 + 1e-12));
    }
  }
}

TEST(Partitioner, AddingMemoryOrBandwidthNeverWorsens) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Box box = RandomBox(seed);
    Box larger = box, faster = box;
    larger.machine.devices[0].usable_bytes *= 1.5;
    for (LinkProfile& link : faster.machine.links) link.bytes_per_s *= 2;
    faster.machine.default_link.latency_us /= 2;
    for (const ObjectiveKind kind : kKinds) {
      const double before = ValueOrInfinity(Solve(box, kind));
      EXPECT_LE(ValueOrInfinity(Solve(larger, kind)), before * (1 + 1e-12));
      EXPECT_LE(ValueOrInfinity(Solve(faster, kind)), before * (1 + 1e-12));
    }
  }
}

TEST(Partitioner, TheOrderOfDevicesDoesNotMatter) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Box box = RandomBox(seed);
    Box reversed = box;
    std::reverse(reversed.machine.devices.begin(), reversed.machine.devices.end());
    for (const ObjectiveKind kind : kKinds) {
      ExpectSame(ValueOrInfinity(Solve(box, kind)), ValueOrInfinity(Solve(reversed, kind)), seed);
    }
  }
}

TEST(Partitioner, ScalingEveryTimeScalesTheValueAndKeepsThePlan) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Box box = RandomBox(seed);
    Box slower = box;
    for (DeviceProfile& device : slower.machine.devices) {
      for (double& us : device.item_times->prefill) us *= 4;
      for (double& us : device.item_times->decode) us *= 4;
    }
    for (LinkProfile& link : slower.machine.links) link.latency_us *= 4, link.bytes_per_s /= 4;
    slower.machine.default_link.latency_us *= 4;
    slower.machine.default_link.bytes_per_s /= 4;
    for (const ObjectiveKind kind : kKinds) {
      const auto plan = Solve(box, kind), scaled = Solve(slower, kind);
      ExpectSame(4 * ValueOrInfinity(plan), ValueOrInfinity(scaled), seed);
      if (plan.ok()) {
        EXPECT_EQ(plan->id, scaled->id);
      }
    }
  }
}

TEST(Partitioner, UnusedDevicesCostNothing) {
  int checked = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const Box box = RandomBox(seed);
    for (const ObjectiveKind kind : kKinds) {
      const auto plan = Solve(box, kind);
      if (!plan.ok() || plan->unused.empty()) continue;
      Box without = box;
      const std::string gone = plan->unused[0].device;
      EXPECT_FALSE(plan->unused[0].reason.empty());
      std::erase_if(without.machine.devices,
                    [&](const DeviceProfile& device) { return device.id == gone; });
      std::erase_if(without.machine.links,
                    [&](const LinkProfile& link) { return link.from == gone || link.to == gone; });
      ExpectSame(plan->proof.value, ValueOrInfinity(Solve(without, kind)), seed);
      ++checked;
    }
  }
  EXPECT_GT(checked, 100);
}

// dev0 .. dev39, all alike: 41 sets of devices, not 2^40.
TEST(Partitioner, PlansManyDevicesOfOneKind) {
  Box box = LargeBox(1, 80);
  box.machine.devices[0].usable_bytes = 1.3e9;
  for (int d = 1; d < 40; ++d) {
    box.machine.devices.push_back(box.machine.devices[0]);
    box.machine.devices.back().id = "dev" + std::to_string(d);
  }
  const auto plan = Solve(box, ObjectiveKind::kBottleneck);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_GE(plan->stages().size(), 27u);  // 80 layers, three to a device
  EXPECT_EQ(plan->stages().size() + plan->unused.size(), 40u);
}

TEST(Partitioner, RefusesMoreDifferentDevicesThanItCanPlanExactly) {
  const auto plan = Solve(LargeBox(24, 130), ObjectiveKind::kLatency);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::kUnsupported);
  EXPECT_NE(plan.error().message.find("24"), std::string::npos);
}

}  // namespace
}  // namespace motley
