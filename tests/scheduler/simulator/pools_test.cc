// Several replicas, devices that they share, and phases apart.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scheduler/simulator/simulator.h"
#include "tests/scheduler/simulator/boxes.h"
#include "tests/scheduler/simulator/simulated.h"

namespace motley {
namespace {

std::vector<Arrival> Poisson(double rate, const std::string& lengths, double seconds) {
  return *DrawArrivals({ArrivalProcess::Kind::kPoisson, rate}, *ParseLengths(lengths), seconds, 1);
}

//  fast: 1 ms a token, slow: 3 ms. Busy together, they serve by what each can do.
TEST(Replicas, UnlikeOnesServeInProportionToTheirSpeed) {
  const auto machine =
      Machine({LinearDevice("fast", 0.01, 1000), LinearDevice("slow", 0.01, 3000)});
  const Plan plan = PlanOf({EvenReplica({"fast"}, 1, 4, 4), EvenReplica({"slow"}, 1, 4, 4)});
  const auto result =
      Simulated(machine, LayersOnly(1), plan, Offline(2000, 1, 50), {.seconds = 20});
  EXPECT_NEAR(result.decode_tokens_per_s, 4000 + 4000 / 3.0, 0.03 * 5333);
}

TEST(Replicas, AFreeOneIsTakenByTheFasterFirst) {
  const auto machine =
      Machine({LinearDevice("slow", 0.01, 3000), LinearDevice("fast", 0.01, 1000)});
  const Plan plan = PlanOf({EvenReplica({"slow"}, 1, 4, 4), EvenReplica({"fast"}, 1, 4, 4)});
  const auto result = Simulated(machine, LayersOnly(1), plan, Offline(1, 1, 50));
  EXPECT_NEAR(result.itl_s.mean, 1e-3, 1e-9);
}

// Equal devices, shares 3 to 1: so are the times they are busy.
TEST(Replicas, SharesDivideTheTraffic) {
  const auto machine = Machine({LinearDevice("a", 1, 1000), LinearDevice("b", 1, 1000)});
  Plan plan = PlanOf({EvenReplica({"a"}, 1, 1, 8), EvenReplica({"b"}, 1, 1, 8)});
  plan.pools[0].replicas[0].share = 0.75;
  plan.pools[0].replicas[1].share = 0.25;
  const auto result = Simulated(machine, LayersOnly(1), plan, Poisson(5, "in:1,out:50:fixed", 400));
  EXPECT_NEAR(result.utilisation.at("a"), 3 * result.utilisation.at("b"), 0.02);
}

//  a -+         +- d      Two paths through c, which is no slower for eight sequences than for
//     +-- c ----+         four: their batches are merged there, and c serves both at full speed.
//  b -+         +- e
TEST(SharedDevice, MergesWhatWaitsWithinItsMicroBatch) {
  const auto machine = Machine({LinearDevice("a", 0.01, 100), LinearDevice("b", 0.01, 100),
                                LinearDevice("c", 0.01, 1000), LinearDevice("d", 0.01, 100),
                                LinearDevice("e", 0.01, 100)});
  const auto plan = [&](int micro_batch) {
    return PlanOf({EvenReplica({"a", "c", "d"}, 3, micro_batch, 12),
                   EvenReplica({"b", "c", "e"}, 3, micro_batch, 12)});
  };
  // Cohorts of 4, merged to 8 never: 4 sequences a millisecond at c.
  const auto apart = Simulated(machine, LayersOnly(3), plan(4), Offline(24, 1, 2000));
  EXPECT_NEAR(apart.decode_tokens_per_s, 4000, 100);
  // Two of 6 and two of 6, and c takes 12 at once.
  auto merged_plan = plan(12);
  const auto merged = Simulated(machine, LayersOnly(3), merged_plan, Offline(24, 1, 2000));
  EXPECT_GT(merged.decode_tokens_per_s, 12000);
}

// p (prefill) -> d (decode), 10 layers of 100 bytes of KV memory a token, 1 MB/s and 50 us.
Plan Apart(int max_decode) {
  Plan plan;
  plan.pools = {{Phase::kPrefill, {EvenReplica({"p"}, 10, 4, 4)}},
                {Phase::kDecode, {EvenReplica({"d"}, 10, max_decode, max_decode)}}};
  return plan;
}

TEST(PhasesApart, HandOverIsHiddenBehindThePromptButForTheLastLayer) {
  // Prompt: 100 tokens x 10 layers x 20 us = 20 ms; KV memory: 100 KB.
  for (const double bytes_per_s : {1e9, 6e6, 1e6}) {
    const auto machine =
        Machine({LinearDevice("p", 20, 1), LinearDevice("d", 1, 100)}, 50, bytes_per_s);
    const auto result = Simulated(machine, LayersOnly(10, 100), Apart(8), Offline(1, 100, 5));
    const double prefill = 20e-3, transfer = 50e-6 + 1e5 / bytes_per_s,
                 last = 50e-6 + 1e4 / bytes_per_s;
    EXPECT_NEAR(result.ttft_s.mean, std::max(transfer, prefill + last), 1e-9) << bytes_per_s;
    EXPECT_NEAR(result.itl_s.mean, 10 * 100e-6, 1e-9);
    EXPECT_EQ(result.completed, 1u);
  }
}

TEST(PhasesApart, PromptsDoNotDisturbThoseWhoDecode) {
  const auto machine = Machine({LinearDevice("p", 20, 100), LinearDevice("d", 20, 100)}, 5, 1e10);
  const auto arrivals = Poisson(20, "in:100,out:50", 30);
  const auto apart = Simulated(machine, LayersOnly(10, 100), Apart(64), arrivals);
  const auto together =
      Simulated(machine, LayersOnly(10, 100),
                PlanOf({EvenReplica({"p"}, 10, 64, 64), EvenReplica({"d"}, 10, 64, 64)}), arrivals);
  EXPECT_EQ(apart.completed, arrivals.size());
  EXPECT_LT(apart.itl_s.p99, 0.5 * together.itl_s.p99);
}

TEST(PhasesApart, AFullDecodePoolHoldsBackAndLosesNothing) {
  const auto machine = Machine({LinearDevice("p", 1, 100), LinearDevice("d", 1, 100)}, 5, 1e9);
  const auto result = Simulated(machine, LayersOnly(10, 100), Apart(2), Offline(50, 20, 30));
  EXPECT_EQ(result.completed, 50u);
  // 29 of 30 tokens each, two at a time, 1 ms a step; the second one of two comes when the first
  // step of the other has begun.
  EXPECT_NEAR(result.seconds, 50 / 2 * 30e-3, 2e-3);
}

TEST(PhasesApart, OneTokenNeedsNoDecodePool) {
  const auto machine = Machine({LinearDevice("p", 1, 100), LinearDevice("d", 1, 100)}, 5, 1e9);
  const auto result = Simulated(machine, LayersOnly(10, 100), Apart(2), Offline(10, 20, 1));
  EXPECT_EQ(result.completed, 10u);
  EXPECT_EQ(result.utilisation.at("d"), 0);
}

TEST(PhasesApart, AMixedPoolBesideThemTakesItsPart) {
  const auto machine = Machine(
      {LinearDevice("p", 5, 100), LinearDevice("d", 5, 100), LinearDevice("m", 5, 100)}, 5, 1e9);
  Plan plan = Apart(16);
  plan.pools.push_back({Phase::kBoth, {EvenReplica({"m"}, 10, 16, 16)}});
  const auto result = Simulated(machine, LayersOnly(10, 100), plan, Offline(400, 100, 50));
  EXPECT_EQ(result.completed, 400u);
  EXPECT_GT(result.utilisation.at("m"), 0.5);
  EXPECT_GT(result.utilisation.at("d"), 0.2);
}

// 64 devices of two kinds: 16 pipelines of 4.
TEST(LargeMachine, SixtyFourDevicesAreSimulated) {
  std::vector<DeviceProfile> devices;
  std::vector<Replica> replicas;
  for (int r = 0; r < 16; ++r) {
    std::vector<std::string> ids;
    for (int s = 0; s < 4; ++s) {
      ids.push_back("d" + std::to_string(devices.size()));
      devices.push_back(LinearDevice(ids.back(), 1, s % 2 ? 100 : 150, 1));
    }
    replicas.push_back(EvenReplica(ids, 8, 8, 32));
  }
  const auto result =
      Simulated(Machine(devices, 5), LayersOnly(8), PlanOf(replicas), Offline(2000, 10, 100));
  EXPECT_EQ(result.completed, 2000u);
  EXPECT_EQ(result.utilisation.size(), 64u);
}

}  // namespace
}  // namespace motley
