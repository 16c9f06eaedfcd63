#include "scheduler/simulator/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/scheduler/simulator/boxes.h"
#include "tests/scheduler/simulator/simulated.h"

namespace motley {
namespace {

using ::testing::HasSubstr;

// [nv0: 4 layers], one request of 1200 in chunks of 500, 500 and 200, then 9 more tokens.
TEST(Simulator, OneRequestOnOneDeviceTakesWhatTheClosedFormSays) {
  const auto result = Simulated(Machine({LinearDevice("nv0", 2, 300, 1)}), LayersOnly(4),
                                PlanOf({EvenReplica({"nv0"}, 4, 8, 8)}), Offline(1, 1200, 10),
                                {.chunk_tokens = 500});
  const double ttft = 4 * 2 * 1200e-6, itl = 4 * 301e-6;
  EXPECT_NEAR(result.ttft_s.mean, ttft, 1e-12);
  EXPECT_NEAR(result.itl_s.mean, itl, 1e-12);
  EXPECT_NEAR(result.e2e_s.mean, ttft + 9 * itl, 1e-12);
  EXPECT_NEAR(result.ttft_s.p50, ttft, ttft / 500);
  EXPECT_NEAR(result.seconds, ttft + 9 * itl, 1e-12);
  EXPECT_NEAR(result.utilisation.at("nv0"), 1, 1e-12);
  EXPECT_NEAR(result.energy_j, 110 * result.seconds, 1e-9);
  EXPECT_EQ(result.steps, 12u);
}

// nv0 -link- nv1: every step crosses once: 50 us and 1 byte per row at 1 byte per us.
TEST(Simulator, ABoundaryAddsItsLinkOncePerStep) {
  const auto machine = Machine({LinearDevice("nv0", 1, 100), LinearDevice("nv1", 1, 200)}, 50, 1e6);
  const auto result = Simulated(machine, LayersOnly(4),
                                PlanOf({EvenReplica({"nv0", "nv1"}, 4, 1, 1)}), Offline(1, 100, 3));
  EXPECT_NEAR(result.ttft_s.mean, (100 * 4 + 50 + 100) * 1e-6, 1e-12);
  EXPECT_NEAR(result.itl_s.mean, (2 * 100 + 2 * 200 + 50 + 1) * 1e-6, 1e-12);
  EXPECT_NEAR(result.utilisation.at("nv0") * result.seconds, (200 + 2 * 200) * 1e-6, 1e-9);
}

// Three stages of 400, 600 and 300 us for 8 sequences, three cohorts: the second one never waits.
TEST(Simulator, AFullPipelineReachesMicroBatchPerSlowestStage) {
  const auto machine = Machine({LinearDevice("a", 0.01, 360, 5), LinearDevice("b", 0.01, 520, 10),
                                LinearDevice("c", 0.01, 260, 5)});
  const auto result =
      Simulated(machine, LayersOnly(3), PlanOf({EvenReplica({"a", "b", "c"}, 3, 8, 24)}),
                Offline(24, 10, 4000));
  EXPECT_NEAR(result.decode_tokens_per_s, 8 / 600e-6, 0.01 * 8 / 600e-6);
  EXPECT_NEAR(result.utilisation.at("b"), 1, 0.01);
  EXPECT_NEAR(result.utilisation.at("a"), 400.0 / 600, 0.01);
}

// One cohort in the same pipeline waits for every stage in turn.
TEST(Simulator, ALoneBatchTakesTheSumOfAllStages) {
  const auto machine = Machine({LinearDevice("a", 0.01, 400), LinearDevice("b", 0.01, 600)}, 30);
  const auto result = Simulated(machine, LayersOnly(2), PlanOf({EvenReplica({"a", "b"}, 2, 8, 8)}),
                                Offline(8, 10, 2000));
  EXPECT_NEAR(result.decode_tokens_per_s, 8 / 1030e-6, 0.01 * 8 / 1030e-6);
}

TEST(Simulator, TheSameSeedGivesTheSameResultBitForBit) {
  const auto machine = Machine({LinearDevice("a", 2, 300, 7), LinearDevice("b", 3, 200, 9)}, 20);
  const Plan plan =
      PlanOf({EvenReplica({"a", "b"}, 8, 8, 16, 20000), EvenReplica({"a", "b"}, 8, 4, 8, 9000)});
  const auto run = [&](uint64_t seed) {
    const auto arrivals = DrawArrivals({ArrivalProcess::Kind::kPoisson, 40},
                                       *ParseLengths("in:100,out:50"), 20, seed);
    return ToJson(Simulated(machine, LayersOnly(8), plan, *arrivals,
                            {.slo = {.ttft_s = 0.5, .itl_s = 0.01}}))
        .dump();
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

// 10 blocks of 32 for 8 sequences of up to 90 tokens: requests lose theirs and compute again.
TEST(Simulator, TightMemoryCostsTimeAndLosesNothing) {
  const auto machine = Machine({LinearDevice("a", 2, 300, 7), LinearDevice("b", 3, 200, 9)});
  const auto arrivals = Offline(60, 30, 60);
  const auto tight =
      Simulated(machine, LayersOnly(4), PlanOf({EvenReplica({"a", "b"}, 4, 4, 8, 320)}), arrivals);
  const auto wide = Simulated(machine, LayersOnly(4),
                              PlanOf({EvenReplica({"a", "b"}, 4, 4, 8, 32000)}), arrivals);
  EXPECT_EQ(tight.completed, 60u);
  EXPECT_EQ(wide.completed, 60u);
  EXPECT_LT(tight.decode_tokens_per_s, 0.8 * wide.decode_tokens_per_s);
  const auto alone =
      Simulated(machine, LayersOnly(4), PlanOf({EvenReplica({"a", "b"}, 4, 4, 8, 320)}), arrivals,
                {.batching = Batching::kDevice});
  EXPECT_EQ(alone.completed, 60u);
}

TEST(Simulator, WhatCanNeverFitFailsAndTheRestIsServed) {
  auto arrivals = Offline(5, 30, 10);
  arrivals[2].prompt_tokens = 5000;
  const auto result = Simulated(Machine({LinearDevice("a", 2, 300)}), LayersOnly(4),
                                PlanOf({EvenReplica({"a"}, 4, 4, 4, 1000)}), arrivals);
  EXPECT_EQ(result.requests, 5u);
  EXPECT_EQ(result.completed, 4u);
  EXPECT_EQ(result.failed, 1u);
}

TEST(Simulator, StopsAtTheSecondsAskedForAndCountsNothingOfTheWarmUp) {
  const auto machine = Machine({LinearDevice("a", 0.01, 1000)});
  const auto result = Simulated(machine, LayersOnly(1), PlanOf({EvenReplica({"a"}, 1, 4, 4)}),
                                Offline(4000, 1, 100), {.seconds = 5, .warmup_seconds = 1});
  EXPECT_DOUBLE_EQ(result.seconds, 4);
  EXPECT_NEAR(result.decode_tokens_per_s, 4 * 100 / 99e-3, 10);  // the first token is nearly free
  EXPECT_NEAR(result.utilisation.at("a"), 1, 1e-9);
  EXPECT_EQ(result.requests, 0u);  // they all came before
  EXPECT_TRUE(std::isnan(result.ttft_s.mean));
  EXPECT_TRUE(ToJson(result)["ttft_s"]["mean"].is_null());
  EXPECT_GT(result.in_system, 3000);
}

TEST(Simulator, AMillionOfIdenticalRequestsMayBeInterruptedAnyTime) {
  int asked = 0;
  const auto result = Simulated(Machine({LinearDevice("a", 0.01, 1000)}), LayersOnly(1),
                                PlanOf({EvenReplica({"a"}, 1, 4, 4)}), Offline(1000000, 1, 100),
                                {.keep_going = [&](double) { return ++asked < 3; }});
  EXPECT_EQ(asked, 3);
  EXPECT_LT(result.completed, 1000000u);
}

// Numbers that a plan leaves open: 1,000 tokens of KV memory beside the weights on the smaller
// device, requests of 100 tokens that take four blocks of 32.
TEST(Simulator, APlanWithoutSizesUsesTheMemoryThereIs) {
  const auto machine =
      Machine({LinearDevice("a", 0.01, 400, 0, 2002), LinearDevice("b", 0.01, 400, 0, 5000)});
  const auto open = Simulated(machine, LayersOnly(4), PlanOf({EvenReplica({"a", "b"}, 4, 0, 0, 0)}),
                              Offline(200, 10, 90));
  const auto given =
      Simulated(machine, LayersOnly(4), PlanOf({EvenReplica({"a", "b"}, 4, 4, 8, 1000)}),
                Offline(200, 10, 90));
  EXPECT_NEAR(open.decode_tokens_per_s, given.decode_tokens_per_s, 1e-6);
  EXPECT_NEAR(open.decode_tokens_per_s, 4 / 800e-6, 0.02 * 4 / 800e-6);
}

TEST(Simulator, GoodputCountsThoseWhoMetBothTimes) {
  // One at a time, 0.1 s each (1 ms to the first token): those that wait longer than 0.25 s miss.
  const auto machine = Machine({LinearDevice("a", 1000, 1000)});
  const Plan plan = PlanOf({EvenReplica({"a"}, 1, 1, 1)});
  const auto ttft =
      Simulated(machine, LayersOnly(1), plan, Offline(10, 1, 100), {.slo = {.ttft_s = 0.25}});
  EXPECT_NEAR(ttft.slo_attained, 0.3, 1e-9);
  EXPECT_NEAR(ttft.goodput_rps, 3 / ttft.seconds, 1e-9);
  const auto itl =
      Simulated(machine, LayersOnly(1), plan, Offline(10, 1, 100), {.slo = {.itl_s = 0.0009}});
  EXPECT_EQ(itl.slo_attained, 0);
}

Error Refused(const MachineProfile& machine, const Workload& workload, const Plan& plan,
              const SimulationOptions& options = {}) {
  const auto result = Simulate(machine, workload, plan, Offline(1, 1, 1), options);
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error{} : result.error();
}

TEST(Simulator, ErrorsNameTheKeyAndTheLimit) {
  const auto machine = Machine({LinearDevice("a", 1, 1, 0, 100), LinearDevice("b", 1, 1, 0, 100)});
  const auto model = LayersOnly(4);
  Plan plan = PlanOf({EvenReplica({"a", "b"}, 4, 1, 1, 1)});
  plan.pools[0].replicas[0].stages[1].first_item = 3;
  EXPECT_EQ(Refused(machine, model, plan).field, "pools[0].replicas[0].stages[1].first_item");
  EXPECT_THAT(Refused(machine, LayersOnly(5), PlanOf({EvenReplica({"a"}, 4, 1, 1, 1)})).message,
              HasSubstr("end with item 3, the workload's last is 4"));
  EXPECT_THAT(Refused(machine, model, PlanOf({EvenReplica({"c"}, 4, 1, 1, 1)})).message,
              HasSubstr("is \"c\", the machine has a, b"));
  EXPECT_THAT(Refused(machine, model, PlanOf({EvenReplica({"a", "a"}, 4, 1, 1, 1)})).message,
              HasSubstr("another stage"));
  EXPECT_THAT(Refused(machine, model,
                      PlanOf({EvenReplica({"a"}, 4, 1, 1), EvenReplica({"b", "a"}, 4, 1, 1)}))
                  .message,
              HasSubstr("a shared device holds the same items"));
  EXPECT_THAT(Refused(machine, model, PlanOf({EvenReplica({"a"}, 4, 1, 1)}, Phase::kDecode)).field,
              "pools");
  EXPECT_THAT(Refused(machine, model, PlanOf({EvenReplica({"a"}, 4, 1, 1)}, Phase::kPrefill)).field,
              "pools");
  const Error full = Refused(machine, model, PlanOf({EvenReplica({"a"}, 4, 1, 1, 1000)}));
  EXPECT_EQ(full.code, Code::kOutOfMemory);
  EXPECT_EQ(full.field, "a");
  EXPECT_EQ(Refused(Machine({LinearDevice("a", 1, 1, 0, 3)}), model,
                    PlanOf({EvenReplica({"a"}, 4, 1, 1, 0)}))
                .code,
            Code::kOutOfMemory);
  auto decode_only = LinearDevice("a", 1, 1);
  decode_only.layer_times->prefill.clear();
  EXPECT_THAT(Refused(Machine({decode_only}), model, PlanOf({EvenReplica({"a"}, 4, 1, 1)})).message,
              HasSubstr("prefill times are unknown"));
  EXPECT_EQ(
      Refused(machine, model, PlanOf({EvenReplica({"a"}, 4, 1, 1, 1)}), {.seconds = NAN}).field,
      "seconds");
  EXPECT_EQ(
      Refused(machine, model, PlanOf({EvenReplica({"a"}, 4, 1, 1, 1)}), {.chunk_tokens = 0}).field,
      "chunk_tokens");
  EXPECT_EQ(Refused(machine, model, PlanOf({EvenReplica({"a"}, 4, 1, 1, 1)}),
                    {.failures = {{1, "zz", 0}}})
                .field,
            "fail");
  EXPECT_EQ(
      Simulate(machine, model, PlanOf({EvenReplica({"a"}, 4, 1, 1, 1)}), {}, {}).error().field,
      "arrivals");
}

}  // namespace
}  // namespace motley
