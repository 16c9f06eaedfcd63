#include "client/cli/run_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

RunResult Measured(int prompt, int generated) {
  RunResult result;
  result.text = "Because";
  result.tokens = {1, 2};
  result.ttft_s = 0.314;
  result.ending.prompt_tokens = prompt;
  result.ending.generated_tokens = generated;
  result.ending.prompt_ms = 100;
  result.ending.generated_ms = 1000;
  result.ending.plan_id = "75ef3ff0";
  result.ending.stages = {{"cpu0", 0, 15, 300}, {"ocl0", 16, 31, 100}};
  return result;
}

json PlanFor(int prompt) {
  return {{"objective", {{"prompt_tokens", prompt}}},
          {"predicted", {{"prefill_tokens_per_s", 140}, {"decode_tokens_per_s", 27.94}}}};
}

TEST(RunFooter, PutsTheMeasuredBesideThePredicted) {
  EXPECT_EQ(RunFooter(Measured(14, 31), PlanFor(14)),
            "ttft 0.31 s | prefill 14 tok 140/s (predicted 140) | decode 31 tok 30.0/s (predicted "
            "27.9) | cpu0 75% ocl0 25% | plan 75ef3ff0");
}

TEST(RunFooter, SaysForWhichPromptAPredictionWasMade) {
  EXPECT_NE(RunFooter(Measured(14, 31), PlanFor(512)).find("(predicted 140 for 512 tok)"),
            std::string::npos);
}

TEST(RunFooter, HasNoRateOfASingleTokenAndNoPredictionThatIsNotThere) {
  const json plan = {{"predicted", {{"prefill_tokens_per_s", nullptr}}}};
  EXPECT_EQ(
      RunFooter(Measured(14, 1), plan),
      "ttft 0.31 s | prefill 14 tok 140/s | decode 1 tok | cpu0 75% ocl0 25% | plan 75ef3ff0");
  EXPECT_EQ(RunFooter(Measured(14, 1), nullptr), RunFooter(Measured(14, 1), plan));
}

TEST(RunJson, CarriesBoth) {
  const json out = RunJson(Measured(14, 31), PlanFor(512));
  EXPECT_EQ(out["text"], "Because");
  EXPECT_EQ(out["tokens"], json({1, 2}));
  EXPECT_EQ(out["timings"]["decode_tokens_per_s"], 30.0);
  EXPECT_EQ(out["predicted"]["decode_tokens_per_s"], 27.94);
  EXPECT_EQ(out["predicted"]["objective"]["prompt_tokens"], 512);
  EXPECT_EQ(out["stages"][1]["device"], "ocl0");
}

}  // namespace
}  // namespace motley
