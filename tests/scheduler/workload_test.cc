#include "scheduler/workload.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

json TwoLayers() {
  return json::parse(R"({"schema":"motley.workload/1","name":"tiny","layers":2,
    "hidden_bytes_per_token":64,"kv_bytes_per_token_layer":8,"context_tokens":100,"attention_flops_per_pair":12,
    "items":[{"name":"embed","weight_bytes":50},
             {"name":"layer.0","weight_bytes":10,"cost":1.5,"flops_per_token":20},
             {"name":"layer.1","weight_bytes":10,"type":"Q4_0"},
             {"name":"head","weight_bytes":50,"tied_with":"embed"}]})");
}

TEST(Workload, ComesBackFromJsonAsItWent) {
  const auto first = WorkloadFromJson(TwoLayers());
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->items[1].cost, 1.5);
  EXPECT_EQ(first->items[2].type, "Q4_0");
  EXPECT_EQ(first->attention_flops_per_pair, 12);
  EXPECT_EQ(first->items[3].tied_with, "embed");
  const json written = ToJson(*first);
  const auto second = WorkloadFromJson(written);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(ToJson(*second), written);
}

TEST(Workload, AnAbsentCostIsNothingForTheEmbeddingAndOneForTheRest) {
  const auto workload = WorkloadFromJson(TwoLayers());
  ASSERT_TRUE(workload.ok());
  EXPECT_EQ(workload->items[0].cost, 0);
  EXPECT_EQ(workload->items[2].cost, 1);
  EXPECT_EQ(workload->items[3].cost, 1);
}

struct Broken {
  const char* field;
  std::function<void(json&)> breaks;
};

TEST(Workload, ErrorsNameTheKey) {
  const Broken cases[] = {
      {"schema", [](json& w) { w["schema"] = "motley.workload/3"; }},
      {"hidden_bytes_per_token", [](json& w) { w.erase("hidden_bytes_per_token"); }},
      {"kv_bytes_per_token_layer", [](json& w) { w["kv_bytes_per_token_layer"] = -8; }},
      {"context_tokens", [](json& w) { w["context_tokens"] = nullptr; }},
      {"items", [](json& w) { w["items"] = json::array(); }},
      {"items[1].weight_bytes", [](json& w) { w["items"][1].erase("weight_bytes"); }},
      {"items[2].cost", [](json& w) { w["items"][2]["cost"] = "much"; }},
      {"items[2].name", [](json& w) { w["items"][2]["name"] = "layer.0"; }},
      {"items[3].tied_with", [](json& w) { w["items"][3]["tied_with"] = "nothing"; }},
      {"items[3].tied_with", [](json& w) { w["items"][3]["tied_with"] = "head"; }},
      {"layers", [](json& w) { w["layers"] = 3; }},
      {"layers", [](json& w) { w["layers"] = 2.5; }},
  };
  for (const Broken& broken : cases) {
    json workload = TwoLayers();
    broken.breaks(workload);
    const auto read = WorkloadFromJson(workload);
    ASSERT_FALSE(read.ok()) << broken.field;
    EXPECT_EQ(read.error().code, Code::kInvalidArgument);
    EXPECT_EQ(read.error().field, broken.field) << read.error().message;
  }
}

}  // namespace
}  // namespace motley
