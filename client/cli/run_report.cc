#include "client/cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

double PerSecond(int tokens, double ms) { return ms > 0 ? tokens / ms * 1e3 : 0; }

// The first generated token comes out of the prefill.
int DecodeSteps(const client::Ending& ending) { return std::max(0, ending.generated_tokens - 1); }

json Predicted(const json& plan) {
  return plan.is_object() ? plan.value("predicted", json::object()) : json::object();
}

std::string PredictedRate(const json& predicted, const char* key) {
  const json rate = predicted.value(key, json());
  return rate.is_number() ? fmt::format(" (predicted {:.1f})", rate.get<double>()) : "";
}

// The plan's prefill is for its own prompt; another length has another rate.
std::string PredictedPrefill(const json& plan, int prompt) {
  const json rate = Predicted(plan).value("prefill_tokens_per_s", json());
  if (!rate.is_number()) return "";
  const int planned = plan.value("objective", json::object()).value("prompt_tokens", 0);
  const std::string length = planned == prompt ? "" : fmt::format(" for {} tok", planned);
  return fmt::format(" (predicted {:.0f}{})", rate.get<double>(), length);
}

std::string Shares(const client::Ending& ending) {
  double all = 0;
  for (const client::StageMs& s : ending.stages) all += s.ms;
  std::string out;
  for (const client::StageMs& s : ending.stages) {
    out += fmt::format("{}{} {:.0f}%", out.empty() ? "" : " ", s.device,
                       all > 0 ? 100 * s.ms / all : 0);
  }
  return out;
}

const char* ReasonName(client::Reason reason) {
  switch (reason) {
    case client::Reason::kStop:
      return "stop";
    case client::Reason::kLength:
      return "length";
    case client::Reason::kCancelled:
      return "cancelled";
  }
  return "stop";
}

}  // namespace

std::string RunFooter(const RunResult& result, const json& plan) {
  const client::Ending& e = result.ending;
  std::string out =
      fmt::format("ttft {:.2f} s | prefill {} tok {:.0f}/s{} | decode {} tok", result.ttft_s,
                  e.prompt_tokens, PerSecond(e.prompt_tokens, e.prompt_ms),
                  PredictedPrefill(plan, e.prompt_tokens), e.generated_tokens);
  if (DecodeSteps(e) > 0) {
    out += fmt::format(" {:.1f}/s{}", PerSecond(DecodeSteps(e), e.generated_ms),
                       PredictedRate(Predicted(plan), "decode_tokens_per_s"));
  }
  if (!e.stages.empty()) out += " | " + Shares(e);
  return out + " | plan " + e.plan_id;
}

json RunJson(const RunResult& result, const json& plan) {
  const client::Ending& e = result.ending;
  json stages = json::array();
  for (const client::StageMs& s : e.stages) {
    stages.push_back({{"device", s.device},
                      {"first_item", s.first_item},
                      {"last_item", s.last_item},
                      {"ms", s.ms}});
  }
  json predicted = Predicted(plan);
  if (plan.is_object()) predicted["objective"] = plan.value("objective", json());
  return {{"schema", "motley.run/1"},
          {"text", result.text},
          {"tokens", result.tokens},
          {"finish_reason", ReasonName(e.reason)},
          {"timings",
           {{"ttft_s", result.ttft_s},
            {"queue_ms", e.queue_ms},
            {"prompt_n", e.prompt_tokens},
            {"prompt_ms", e.prompt_ms},
            {"prefill_tokens_per_s", PerSecond(e.prompt_tokens, e.prompt_ms)},
            {"predicted_n", e.generated_tokens},
            {"predicted_ms", e.generated_ms},
            {"decode_tokens_per_s", PerSecond(DecodeSteps(e), e.generated_ms)}}},
          {"stages", stages},
          {"plan_id", e.plan_id},
          {"predicted", predicted}};
}

}  // namespace motley
