// Plans for many requests against trying every one, and laws that hold for any optimum.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "scheduler/partition/partitioner.h"
#include "scheduler/partition/service/evaluate_service.h"
#include "tests/scheduler/partition/service_truth.h"

namespace motley {
namespace {

using ::testing::HasSubstr;

// MOTLEY_BOXES=10000 runs every law on so many boxes; by default a sample.
uint64_t Boxes(uint64_t sample) {
  const char* asked = std::getenv("MOTLEY_BOXES");
  return asked ? std::strtoull(asked, nullptr, 10) : sample;
}

Result<Plan> Solve(const ServiceBox& box) {
  return Partition(box.machine, box.workload, box.objective);
}

double Value(const ServiceBox& box) {
  const auto plan = Solve(box);
  return plan.ok() ? plan->proof.value : 0;
}

TEST(Service, ThroughputEqualsTryingEverything) {
  int exact = 0, bounded = 0, nothing_fits = 0, pools = 0, replicas = 0;
  for (uint64_t seed = 0; seed < Boxes(2000); ++seed) {
    const ServiceBox box = RandomServiceBox(seed);
    const ServiceTruth truth = TryEveryService(box);
    const auto plan = Solve(box);
    if (!plan.ok()) {
      EXPECT_EQ(plan.error().code, Code::kOutOfMemory) << plan.error().message;
      EXPECT_EQ(truth.Best(), 0) << "box " << seed;
      ++nothing_fits;
      continue;
    }
    const double value = plan->proof.value, best = truth.Best();
    if (plan->proof.method == "exact") {
      EXPECT_NEAR(value, best, 1e-9 * best) << "box " << seed;
      ++exact;
    } else {
      // Links that KV memory goes over are left out of the truth: it is a bound then.
      EXPECT_LE(value, best * (1 + 1e-9)) << "box " << seed;
      EXPECT_GE(value, truth.together.back() * (1 - 1e-9)) << "box " << seed;
      EXPECT_NEAR(plan->proof.bound, best, 1e-9 * best) << "box " << seed;
      ++bounded;
    }
    pools += plan->pools.size() > 1 ? 1 : 0;
    replicas += plan->pools[0].replicas.size() > 1 ? 1 : 0;
  }
  if (Boxes(2000) < 2000) return;
  // The boxes must exercise every outcome for this test to mean something.
  EXPECT_GT(exact, 1000);
  EXPECT_GT(nothing_fits, 20);
  EXPECT_GT(pools, 20);
  EXPECT_GT(replicas, 100);
  EXPECT_LT(bounded, exact / 4);
}

TEST(Service, TheEvaluatorAgreesWithThePlan) {
  for (uint64_t seed = 0; seed < Boxes(500); ++seed) {
    const ServiceBox box = RandomServiceBox(seed);
    const auto plan = Solve(box);
    if (!plan.ok()) continue;
    const auto model = CostModel::Make(box.machine, box.workload, box.objective.prompt_tokens);
    ASSERT_TRUE(model.ok());
    const auto again =
        EvaluateService(box.machine, box.workload, box.objective, *model, plan->pools);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_NEAR(again->tokens_per_s, plan->proof.value, 1e-9 * plan->proof.value);
    EXPECT_FALSE(plan->proof.binding.empty());
    EXPECT_GE(plan->proof.bound, plan->proof.value);
  }
}

TEST(Service, PlansWithoutADeviceAreTheBestWithoutIt) {
  int compared = 0;
  for (uint64_t seed = 0; seed < Boxes(500); ++seed) {
    const ServiceBox box = RandomServiceBox(seed);
    const auto plan = Solve(box);
    if (!plan.ok() || plan->proof.method != "exact") continue;
    const ServiceTruth truth = TryEveryService(box);
    for (const auto& alternative : plan->alternatives) {
      const unsigned bit = 1u << (alternative.change.back() - '0');
      const bool only = alternative.change.rfind("only ", 0) == 0;
      const unsigned all = static_cast<unsigned>(truth.together.size()) - 1;
      const double together = truth.together[only ? bit : all & ~bit];
      const double split = only ? 0 : truth.split[all & ~bit];
      EXPECT_GE(alternative.value, together * (1 - 1e-9)) << alternative.change << " box " << seed;
      EXPECT_LE(alternative.value, std::max(together, split) * (1 + 1e-9)) << "box " << seed;
      ++compared;
    }
  }
  EXPECT_GT(compared, 100);
}

TEST(Service, AddingADeviceOrMemoryNeverWorsens) {
  for (uint64_t seed = 0; seed < Boxes(300); ++seed) {
    const ServiceBox box = RandomServiceBox(seed);
    const double value = Value(box);
    ServiceBox larger = box, fewer = box;
    larger.machine.devices[0].usable_bytes *= 1.5;
    // A twin that became different can no longer share its stage with the other.
    bool twin = false;
    for (size_t d = 1; d < box.machine.devices.size(); ++d) {
      twin |= box.machine.devices[d].usable_bytes == box.machine.devices[0].usable_bytes;
    }
    if (!twin) {
      EXPECT_GE(Value(larger), value * (1 - 1e-9)) << "box " << seed;
    }
    if (box.machine.devices.size() < 2) continue;
    const std::string gone = fewer.machine.devices.back().id;
    fewer.machine.devices.pop_back();
    std::erase_if(fewer.machine.links,
                  [&](const LinkProfile& link) { return link.from == gone || link.to == gone; });
    const auto all = Solve(box);
    if (all.ok() && all->proof.method != "exact") continue;
    EXPECT_LE(Value(fewer), value * (1 + 1e-9)) << "box " << seed;
  }
}

TEST(Service, TheOrderOfDevicesDoesNotMatter) {
  for (uint64_t seed = 0; seed < Boxes(300); ++seed) {
    const ServiceBox box = RandomServiceBox(seed);
    const auto plan = Solve(box);
    if (plan.ok() && plan->proof.method != "exact") continue;
    ServiceBox reversed = box;
    std::reverse(reversed.machine.devices.begin(), reversed.machine.devices.end());
    const double value = Value(box);
    EXPECT_NEAR(Value(reversed), value, 1e-9 * value) << "box " << seed;
  }
}

TEST(Service, ScalingEveryTimeScalesTheValue) {
  for (uint64_t seed = 0; seed < Boxes(300); ++seed) {
    const ServiceBox box = RandomServiceBox(seed);
    ServiceBox slower = box;
    for (DeviceProfile& device : slower.machine.devices) {
      for (auto* table : {&device.layer_times->prefill, &device.layer_times->decode}) {
        for (auto& [x, us] : *table) us *= 4;
      }
    }
    for (LinkProfile& link : slower.machine.links) link.latency_us *= 4, link.bytes_per_s /= 4;
    slower.machine.default_link.latency_us *= 4;
    slower.machine.default_link.bytes_per_s /= 4;
    const double value = Value(box);
    EXPECT_NEAR(Value(slower), value / 4, 1e-9 * value) << "box " << seed;
  }
}

// The set of devices with the least energy at a demand, among every set's fastest plan.
TEST(Service, TheCheapestPlanMeetsTheDemandAndNoSetIsCheaper) {
  int compared = 0;
  for (uint64_t seed = 0; seed < Boxes(200); ++seed) {
    ServiceBox box = RandomServiceBox(seed);
    const double most = TryEveryService(box).together.back();
    box.objective.kind = ObjectiveKind::kCost;
    box.objective.rate_rps = 0.4 * most / box.objective.output_tokens;
    const auto plan = Solve(box);
    if (most == 0) continue;
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    EXPECT_GE(plan->predicted.decode_tokens_per_s, 0.4 * most * (1 - 1e-9));
    EXPECT_DOUBLE_EQ(plan->predicted.energy_j_per_token, plan->proof.value);
    const unsigned sets = 1u << box.machine.devices.size();
    for (unsigned set = 1; set < sets; ++set) {
      ServiceBox part = box;
      part.objective.kind = ObjectiveKind::kThroughput;
      std::erase_if(part.machine.devices, [&](const DeviceProfile& device) {
        return !(set >> (device.id.back() - '0') & 1);
      });
      std::erase_if(part.machine.links, [&](const LinkProfile& link) {
        return !(set >> (link.from.back() - '0') & 1) || !(set >> (link.to.back() - '0') & 1);
      });
      const auto fastest = Solve(part);
      if (!fastest.ok() || fastest->pools.size() > 1 || fastest->proof.value < 0.4 * most) continue;
      const auto model = CostModel::Make(part.machine, part.workload, part.objective.prompt_tokens);
      const auto value =
          EvaluateService(part.machine, part.workload, part.objective, *model, fastest->pools);
      ASSERT_TRUE(value.ok());
      EXPECT_LE(plan->proof.value, EnergyPerToken(part.machine, *value, 0.4 * most) * (1 + 1e-9))
          << "box " << seed << ", set " << set;
      ++compared;
    }
  }
  EXPECT_GT(compared, 200);
}

TEST(Service, CandidatesHoldTheBestPlanAndEachDeviceAlone) {
  int alone = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const ServiceBox box = RandomServiceBox(seed);
    const auto plan = Solve(box);
    const auto candidates = Candidates(box.machine, box.workload, box.objective, 8);
    ASSERT_EQ(plan.ok(), candidates.ok());
    if (!plan.ok()) continue;
    EXPECT_EQ((*candidates)[0].proof.value, plan->proof.value) << "box " << seed;
    for (const Plan& candidate : *candidates) {
      EXPECT_LE(candidate.proof.value, (*candidates)[0].proof.value);
      alone += IsOnePipeline(candidate.pools) && candidate.stages().size() == 1 ? 1 : 0;
    }
  }
  EXPECT_GT(alone, 50);
}

// Two models on one machine: every way to share the devices.
TEST(Service, SharingEqualsTryingEveryShare) {
  int shared = 0, nothing_fits = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const ServiceBox box = RandomServiceBox(seed);
    ServiceBox other = box;
    other.workload.kv_bytes_per_token_layer *= 2;
    for (WorkloadItem& item : other.workload.items) item.weight_bytes *= 0.3, item.cost *= 0.7;
    const auto a = TryEveryService(box).together, b = TryEveryService(other).together;
    const double ask_a = 100, ask_b = 40;
    double best = 0;
    for (unsigned part = 0; part < a.size(); ++part) {
      best = std::max(best, std::min(a[part] / ask_a, b[a.size() - 1 - part] / ask_b));
    }
    ModelDemand first{box.workload, box.objective}, second{other.workload, other.objective};
    first.objective.rate_rps = ask_a / box.objective.output_tokens;
    second.objective.rate_rps = ask_b / box.objective.output_tokens;
    const auto plan = PartitionSeveral(box.machine, {first, second});
    ++(plan.ok() ? shared : nothing_fits);
    if (!plan.ok()) {
      EXPECT_EQ(best, 0) << "box " << seed << ": " << plan.error().message;
      continue;
    }
    EXPECT_NEAR(plan->met, best, 1e-9 * best) << "box " << seed;
    EXPECT_GE(plan->plans[0].proof.value, ask_a * best * (1 - 1e-9));
    EXPECT_GE(plan->plans[1].proof.value, ask_b * best * (1 - 1e-9));
    for (const auto& [device, bytes] : plan->plans[0].predicted.memory_bytes) {
      EXPECT_FALSE(plan->plans[1].predicted.memory_bytes.contains(device)) << "box " << seed;
    }
  }
  EXPECT_GT(shared, 100);
  EXPECT_GT(nothing_fits, 20);
}

}  // namespace
}  // namespace motley
