// What plans for many requests say to bad questions and bad pools, and laws of goodput.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "scheduler/partition/partitioner.h"
#include "scheduler/partition/service/evaluate_service.h"
#include "tests/scheduler/partition/service_truth.h"

namespace motley {
namespace {

using ::testing::HasSubstr;

// a and b, alike; four layers of 100 B with 1 B of KV a token.
ServiceBox TwoAlike() {
  ServiceBox box;
  box.workload = {.layers = 4, .hidden_bytes_per_token = 1000, .kv_bytes_per_token_layer = 1};
  box.workload.items.push_back({"embed", 100, 0});
  for (int i = 0; i < 4; ++i) box.workload.items.push_back({"layer." + std::to_string(i), 100});
  box.workload.items.push_back({"head", 100});
  for (const char* id : {"a", "b"}) {
    DeviceProfile device{.id = id, .usable_bytes = 1e6};
    device.layer_times = PhaseTables{{{1, 10}, {100, 200}}, {{1, 10}, {16, 20}}};
    box.machine.devices.push_back(device);
  }
  box.machine.default_link = {"", "", 5, 1e9};
  box.objective = {ObjectiveKind::kThroughput, 50, 20};
  return box;
}

Error Refusal(const ServiceBox& box) {
  const auto plan = Partition(box.machine, box.workload, box.objective);
  EXPECT_FALSE(plan.ok());
  return plan.ok() ? Error{} : plan.error();
}

Error Refusal(const std::vector<Pool>& pools) {
  const ServiceBox box = TwoAlike();
  const auto model = CostModel::Make(box.machine, box.workload, box.objective.prompt_tokens);
  const auto value = EvaluateService(box.machine, box.workload, box.objective, *model, pools);
  EXPECT_FALSE(value.ok());
  return value.ok() ? Error{} : value.error();
}

Replica Path(std::vector<Stage> stages, double kv_tokens = 70, double share = 0) {
  Replica replica;
  replica.max_sequences = static_cast<int>(stages.size());
  replica.stages = std::move(stages);
  replica.kv_tokens = kv_tokens;
  replica.share = share;
  return replica;
}

TEST(ServiceInput, NamesTheKeyOfABadQuestion) {
  ServiceBox box = TwoAlike();
  box.objective.output_tokens = 0;
  EXPECT_EQ(Refusal(box).field, "output_tokens");
  box = TwoAlike();
  box.objective.rate_rps = -1;
  EXPECT_EQ(Refusal(box).field, "rate_rps");
  box.objective.rate_rps = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Refusal(box).field, "rate_rps");
  box = TwoAlike();
  box.objective.slo.itl_s = std::numeric_limits<double>::infinity();
  EXPECT_THAT(Refusal(box).message, HasSubstr("slo.itl_s is inf"));
  box = TwoAlike();
  box.machine.devices.clear();
  EXPECT_EQ(Refusal(box).field, "devices");
  box = TwoAlike();
  box.machine.devices[1].layer_times->decode[0].second = -3;
  EXPECT_EQ(Refusal(box).code, Code::kInvalidArgument);
}

TEST(ServiceInput, SaysWhatWouldMakeItFit) {
  ServiceBox box = TwoAlike();
  for (DeviceProfile& device : box.machine.devices) device.usable_bytes = 250;
  const Error error = Refusal(box);
  EXPECT_EQ(error.code, Code::kOutOfMemory);
  EXPECT_THAT(error.message, HasSubstr("a and b have 500 B usable together"));
  EXPECT_THAT(error.remedy, HasSubstr("would make it fit: "));
}

TEST(ServiceInput, CostNeedsPowersAndARateThatCanBeMet) {
  ServiceBox box = TwoAlike();
  box.objective.kind = ObjectiveKind::kCost;
  EXPECT_EQ(Refusal(box).field, "power");
  for (DeviceProfile& device : box.machine.devices) device.busy_w = 100;
  box.objective.rate_rps = 1e9;
  const Error error = Refusal(box);
  EXPECT_EQ(error.field, "rate_rps");
  EXPECT_THAT(error.message, HasSubstr("the most that is found is"));
}

TEST(ServiceInput, RefusesPoolsThatAreNoWayThrough) {
  const std::vector<Stage> whole = {{"a", 0, 5}}, other = {{"b", 0, 5}};
  EXPECT_THAT(Refusal({{Phase::kPrefill, {Path(whole)}}}).message, HasSubstr("pools must be"));
  EXPECT_THAT(Refusal({{Phase::kBoth, {Path(whole)}}, {Phase::kBoth, {Path(other)}}}).message,
              HasSubstr("pools must be"));
  EXPECT_THAT(Refusal({{Phase::kPrefill, {Path(whole)}}, {Phase::kDecode, {Path(whole)}}}).message,
              HasSubstr("a is in pools[0] too"));
  EXPECT_THAT(Refusal({{Phase::kBoth, {Path({{"a", 0, 2}, {"b", 3, 4}, {"a", 5, 5}})}}}).message,
              HasSubstr("a has two stages"));
  EXPECT_THAT(
      Refusal({{Phase::kBoth, {Path({{"a", 0, 2}, {"b", 3, 5}}), Path({{"b", 0, 5}})}}}).message,
      HasSubstr("it must hold the same in every replica"));
  EXPECT_THAT(Refusal({{Phase::kBoth, {Path(whole, 70, 0.5), Path(other)}}}).message,
              HasSubstr("share is 0"));
  EXPECT_EQ(Refusal({{Phase::kBoth, {Path(whole, 1e9)}}}).code, Code::kOutOfMemory);
  EXPECT_EQ(Refusal({{Phase::kBoth, {Path({{"c", 0, 5}})}}}).code, Code::kNotFound);
}

TEST(ServiceInput, GoodputFallsWithTheTimesAndStaysBelowThroughput) {
  int compared = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    ServiceBox box = RandomServiceBox(seed);
    const auto throughput = Partition(box.machine, box.workload, box.objective);
    if (!throughput.ok() || box.objective.prompt_tokens == 0) continue;
    box.objective.kind = ObjectiveKind::kGoodput;
    double before = throughput->proof.value / box.objective.output_tokens * (1 + 1e-9);
    for (const double times : {1000.0, 3.0, 1.5, 0.9}) {
      box.objective.slo.ttft_s = times * throughput->predicted.ttft_s;
      box.objective.slo.itl_s = times * throughput->predicted.itl_s;
      const auto plan = Partition(box.machine, box.workload, box.objective);
      const double goodput = plan.ok() ? plan->proof.value : 0;
      EXPECT_LE(goodput, before * (1 + 1e-9)) << "box " << seed << " times " << times;
      if (plan.ok()) {
        EXPECT_LE(plan->predicted.ttft_s, box.objective.slo.ttft_s);
        EXPECT_LE(plan->predicted.itl_s, box.objective.slo.itl_s);
        ++compared;
      }
      before = goodput;
    }
  }
  EXPECT_GT(compared, 200);
}

}  // namespace
}  // namespace motley
