#include "scheduler/plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

Plan TwoStages() {
  Plan plan;
  plan.pools = OnePipeline({{"cpu0", 0, 15}, {"ocl0", 16, 31}}, 4096, 1);
  plan.unused = {{"nv0", "adding nv0 gains nothing"}};
  plan.predicted = {0.5, 0.02, 1024, 50, {{"cpu0", 5e7}, {"ocl0", 6e7}}, {"ocl0"}};
  plan.proof = {"exact", 3e6, 3e6, 0, "cpu0 compute", 1234, 0.7};
  plan.alternatives = {{"only cpu0",
                        OnePipeline({{"cpu0", 0, 31}}, 0, 1),
                        {0.6, 0.03, 800, 33, {{"cpu0", 1e8}}, {}},
                        4e6}};
  plan.id = PlanId(plan);
  return plan;
}

TEST(Plan, ComesBackFromJsonAsItWent) {
  const Plan plan = TwoStages();
  const json written = ToJson(plan);
  const auto read = PlanFromJson(written);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->id, plan.id);
  EXPECT_EQ(ToJson(*read), written);
  EXPECT_EQ(written["pools"][0]["replicas"][0]["stages"][1]["first_item"], 16);
}

TEST(Plan, TheIdIsOfThePlacementAlone) {
  const Plan plan = TwoStages();
  EXPECT_EQ(plan.id.size(), 8u);
  Plan solved_again = plan, moved = plan, longer = plan;
  solved_again.proof.solve_ms = 99;
  std::vector<Stage>& stages = moved.pools[0].replicas[0].stages;
  stages[0].last_item = 14;
  stages[1].first_item = 15;
  longer.objective.prompt_tokens = 4000;
  EXPECT_EQ(PlanId(solved_again), plan.id);
  EXPECT_NE(PlanId(moved), plan.id);
  EXPECT_NE(PlanId(longer), plan.id);
}

TEST(Plan, UnknownNumbersAreNull) {
  Plan plan = TwoStages();
  plan.predicted.ttft_s = std::numeric_limits<double>::quiet_NaN();
  plan.proof.bound = std::numeric_limits<double>::infinity();
  const json written = ToJson(plan);
  EXPECT_TRUE(written["predicted"]["ttft_s"].is_null());
  EXPECT_TRUE(written["proof"]["bound"].is_null());
  const auto read = PlanFromJson(written);
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(std::isnan(read->predicted.ttft_s));
}

TEST(Plan, StagesAreEnoughForAPlanByHand) {
  const auto read = PlanFromJson(json::parse(
      R"({"schema":"motley.plan/1","pools":[{"replicas":[{"stages":[
          {"device":"cpu0","first_item":0,"last_item":31}]}]}]})"));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->stages()[0].last_item, 31);
  EXPECT_EQ(read->id, PlanId(*read));
}

struct Broken {
  Code code;
  const char* named;
  std::function<void(json&)> breaks;
};

TEST(Plan, ErrorsNameTheKey) {
  const auto replica = [](json& p) -> json& { return p["pools"][0]["replicas"][0]; };
  const Broken cases[] = {
      {Code::kInvalidArgument, "schema", [](json& p) { p["schema"] = "motley.plan/2"; }},
      {Code::kInvalidArgument, "pools", [](json& p) { p.erase("pools"); }},
      {Code::kInvalidArgument, "pools[0].phase", [](json& p) { p["pools"][0]["phase"] = "both?"; }},
      {Code::kInvalidArgument, "pools[0].replicas",
       [](json& p) { p["pools"][0]["replicas"] = json::array(); }},
      {Code::kInvalidArgument, "pools[0].replicas[0].stages",
       [=](json& p) { replica(p)["stages"] = json::array(); }},
      {Code::kInvalidArgument, "pools[0].replicas[0].stages[1].device",
       [=](json& p) { replica(p)["stages"][1].erase("device"); }},
      {Code::kInvalidArgument, "pools[0].replicas[0].stages[1].last_item",
       [=](json& p) { replica(p)["stages"][1]["last_item"] = 3; }},
      {Code::kInvalidArgument, "pools[0].replicas[0].stages[0].mode",
       [=](json& p) { replica(p)["stages"][0]["mode"] = "flying"; }},
      {Code::kInvalidArgument, "objective.kind", [](json& p) { p["objective"]["kind"] = "speed"; }},
      {Code::kInvalidArgument, "predicted.memory_bytes.cpu0",
       [](json& p) { p["predicted"]["memory_bytes"]["cpu0"] = -1; }},
  };
  for (const Broken& broken : cases) {
    json plan = ToJson(TwoStages());
    broken.breaks(plan);
    const auto read = PlanFromJson(plan);
    ASSERT_FALSE(read.ok()) << broken.named;
    EXPECT_EQ(read.error().code, broken.code);
    EXPECT_NE(read.error().message.find(broken.named), std::string::npos) << read.error().message;
  }
}

Plan TwoPools() {
  Plan plan = TwoStages();
  plan.objective = {ObjectiveKind::kGoodput, 512, 128, 2.5, {1.0, 0.05, 0.99}};
  plan.pools[0].phase = Phase::kPrefill;
  Pool decode{Phase::kDecode, {plan.pools[0].replicas[0], plan.pools[0].replicas[0]}};
  decode.replicas[0].share = 0.25;
  decode.replicas[1].share = 0.75;
  decode.replicas[1].stages[0].mode = StageMode::kStreamed;
  plan.pools.push_back(decode);
  plan.alternatives[0].pools = plan.pools;
  plan.id = PlanId(plan);
  return plan;
}

TEST(Plan, PoolsReplicasAndSharesComeBackAsTheyWent) {
  const json written = ToJson(TwoPools());
  const auto read = PlanFromJson(written);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(ToJson(*read), written);
  EXPECT_EQ(read->pools[1].replicas[1].share, 0.75);
  EXPECT_EQ(read->objective.slo.quantile, 0.99);
}

TEST(Plan, WhatCannotBeServedIsSaidByItsKey) {
  EXPECT_TRUE(CheckServable(TwoStages()).ok());
  Plan plan = TwoPools();
  EXPECT_EQ(CheckServable(plan).error().code, Code::kUnsupported);
  EXPECT_NE(CheckServable(plan).error().message.find("pools"), std::string::npos);
  plan.pools.erase(plan.pools.begin());
  EXPECT_NE(CheckServable(plan).error().message.find("replicas"), std::string::npos);
  plan.pools[0].replicas.erase(plan.pools[0].replicas.begin());
  EXPECT_NE(CheckServable(plan).error().message.find("streamed"), std::string::npos);
}

}  // namespace
}  // namespace motley
