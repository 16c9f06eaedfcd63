#include "client/cli/show/plan_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace motley {
namespace {

constexpr int kStrip = 48;

// One character for so many items: '=' where the stage has them.
std::string Strip(const Stage& stage, int items) {
  std::string out(static_cast<size_t>(std::min(items, kStrip)), '.');
  for (int i = 0; i < static_cast<int>(out.size()); ++i) {
    const int item = i * items / static_cast<int>(out.size());
    if (item >= stage.first_item && item <= stage.last_item) out[static_cast<size_t>(i)] = '=';
  }
  return out;
}

std::string Layers(const Stage& stage, int items) {
  const int first = std::max(stage.first_item, 1), last = std::min(stage.last_item, items - 2);
  std::string out = last < first ? "no layers" : fmt::format("layers {}-{}", first - 1, last - 1);
  if (stage.first_item == 0) out += ", embedding";
  if (stage.last_item == items - 1) out += ", head";
  return out;
}

// What the rounded times beside it may hide.
std::string Worse(double value, double best) {
  if (best <= 0 || value <= best) return "";
  const double percent = 100 * (value / best - 1);
  return percent < 100 ? fmt::format(", {:.2g} % slower", percent)
                       : fmt::format(", {:.1f} times as long", value / best);
}

}  // namespace

std::string PlanText(const Plan& plan, int items) {
  std::string out = fmt::format("plan {} for {} prompt and {} generated tokens\n", plan.id,
                                plan.objective.prompt_tokens, plan.objective.output_tokens);
  for (const Stage& stage : plan.stages()) {
    const auto memory = plan.predicted.memory_bytes.find(stage.device);
    const double bytes = memory == plan.predicted.memory_bytes.end() ? 0 : memory->second;
    out += fmt::format("  {:<6} {}  {}  {}\n", stage.device, Strip(stage, items),
                       Layers(stage, items), FormatBytes(static_cast<uint64_t>(bytes)));
  }
  const Prediction& p = plan.predicted;
  out += fmt::format(
      "predicted  ttft {:.3f} s   itl {:.2f} ms   prefill {:.0f} tok/s   decode {:.1f} tok/s\n",
      p.ttft_s, p.itl_s * 1e3, p.prefill_tokens_per_s, p.decode_tokens_per_s);
  out += fmt::format("limited by {}   ({}, gap {:.1f} %, {} candidates, {:.1f} ms)\n",
                     plan.proof.binding, plan.proof.method, plan.proof.gap * 100,
                     plan.proof.candidates, plan.proof.solve_ms);
  for (const Plan::Unused& unused : plan.unused)
    out += fmt::format("  {} unused: {}\n", unused.device, unused.reason);
  for (const Plan::Alternative& a : plan.alternatives) {
    out += fmt::format("  {}: ttft {:.3f} s, itl {:.2f} ms{}\n", a.change, a.predicted.ttft_s,
                       a.predicted.itl_s * 1e3, Worse(a.value, plan.proof.value));
  }
  return out;
}

}  // namespace motley
