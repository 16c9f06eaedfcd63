#include "daemon/planning/step_times.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

}  // namespace

double At(const TimeTable& table, double x) {
  if (table.empty()) return 0;
  if (table.size() == 1) return table[0].second;
  size_t i = 1;
  while (i + 1 < table.size() && table[i].first < x) ++i;
  const auto [x0, y0] = table[i - 1];
  const auto [x1, y1] = table[i];
  // Before the first point time does not fall below it: a step of one row costs what a step costs.
  return std::max(x < x0 ? y0 : y0 + (y1 - y0) * (x - x0) / (x1 - x0), 0.0);
}

double StepTimes::LayerPrefillUs(double rows, double past) const {
  // A row sees half of its own chunk on average. Without attention a chunk's time is linear in its
  // rows, so that is what is read between and beyond the measured points.
  TimeTable linear = prefill;
  for (auto& [r, us] : linear) us -= attention_us_per_row_token * r * r / 2;
  return (At(linear, rows) + attention_us_per_row_token * rows * (past + rows / 2)) / layers;
}

double StepTimes::LayerDecodeUs(double past) const { return At(decode_by_past, past) / layers; }

double StepTimes::HeadUs(double rows) const { return At(head, rows); }

ItemTimes ItemTimesFor(const StepTimes& times, int layers, int prompt_tokens, int output_tokens,
                       int chunk) {
  double prefill = 0;
  for (int done = 0; done < prompt_tokens; done += chunk) {
    prefill += times.LayerPrefillUs(std::min(chunk, prompt_tokens - done), done);
  }
  const double decode = times.LayerDecodeUs(prompt_tokens + output_tokens / 2.0);
  const auto count = static_cast<size_t>(layers);
  ItemTimes out{std::vector<double>(count + 2, prefill), std::vector<double>(count + 2, decode)};
  out.prefill.front() = out.decode.front() = 0;  // a gather of rows: its time is within the layers'
  out.prefill.back() = out.decode.back() = times.HeadUs(1);
  return out;
}

json ToJson(const StepTimes& t) {
  return {{"version", kVersion},
          {"prefill", t.prefill},
          {"decode_by_past", t.decode_by_past},
          {"decode_by_batch", t.decode_by_batch},
          {"attention_us_per_row_token", t.attention_us_per_row_token},
          {"head", t.head},
          {"layers", t.layers}};
}

Result<StepTimes> StepTimesFromJson(const json& j) {
  try {
    StepTimes t;
    if (j.at("version").get<int>() != kVersion)
      return Error::Unsupported("profile of another version");
    j.at("prefill").get_to(t.prefill);
    j.at("decode_by_past").get_to(t.decode_by_past);
    j.at("decode_by_batch").get_to(t.decode_by_batch);
    j.at("attention_us_per_row_token").get_to(t.attention_us_per_row_token);
    j.at("head").get_to(t.head);
    j.at("layers").get_to(t.layers);
    if (t.layers < 1 || t.prefill.empty() || t.decode_by_past.empty() || t.head.empty()) {
      return Error::Invalid("profile", "a stored profile without points");
    }
    return t;
  } catch (const json::exception& e) {
    return Error::Invalid("profile", e.what());
  }
}

}  // namespace motley
