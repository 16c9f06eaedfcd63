#include "hwprofiles/step_times.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace motley {
namespace {

nlohmann::json Written() {
  return {{"prefill", {{16, 110}, {512, 900}}},
          {"decode_by_past", {{16, 20}, {1000, 40}}},
          {"decode_by_batch", {{4, 30}}},
          {"batch_past", 64},
          {"batch_attention_us_per_token", 0.02},
          {"attention_us_per_row_token", 0.0125},
          {"head", {{1, 50}}},
          {"layers", 30},
          {"step_us", 12},
          {"chunk_rows", 512}};
}

Result<StepTimes> Read(const nlohmann::json& json) {
  const JsonFields fields = TRY(JsonFields::Of(json, ""));
  return StepTimesFromJson(fields);
}

TEST(StepTimes, ComeBackFromJsonAsTheyWent) {
  const auto times = Read(Written());
  ASSERT_TRUE(times.ok()) << times.error().message;
  EXPECT_EQ(times->layers, 30);
  EXPECT_EQ(times->step_us, 12);
  EXPECT_EQ(ToJson(*times), Written());
}

TEST(StepTimes, NameTheKeyThatIsMissingOrWrong) {
  for (const char* key : {"prefill", "decode_by_past", "head", "layers"}) {
    auto json = Written();
    json.erase(key);
    const auto refused = Read(json);
    ASSERT_FALSE(refused.ok()) << key;
    EXPECT_EQ(refused.error().field, key);
  }
  auto json = Written();
  json["prefill"] = nlohmann::json::array();
  EXPECT_EQ(Read(json).error().field, "prefill");
  json = Written();
  json["head"] = {{2, 5}, {2, 6}};
  EXPECT_EQ(Read(json).error().field, "head");
  json = Written();
  json["layers"] = 0;
  EXPECT_EQ(Read(json).error().field, "layers");
  json = Written();
  json["step_us"] = -1;
  EXPECT_EQ(Read(json).error().field, "step_us");
}

}  // namespace
}  // namespace motley
