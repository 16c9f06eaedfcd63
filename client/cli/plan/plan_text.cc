#include "client/cli/plan/plan_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

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

std::string StageLine(const Plan& plan, const Stage& stage, int items) {
  const auto memory = plan.predicted.memory_bytes.find(stage.device);
  const double bytes = memory == plan.predicted.memory_bytes.end() ? 0 : memory->second;
  const char* mode = stage.mode == StageMode::kStreamed ? ", streamed" : "";
  return fmt::format("  {:<6} {}  {}{}  {}\n", stage.device, Strip(stage, items),
                     Layers(stage, items), mode, FormatBytes(static_cast<uint64_t>(bytes)));
}

// Replicas that share a device are one group of lines, each device once.
std::string PoolLines(const Plan& plan, const Pool& pool, int items) {
  std::string out;
  std::set<std::string> shown;
  for (const Replica& replica : pool.replicas) {
    std::string lines;
    for (const Stage& stage : replica.stages) {
      if (shown.insert(stage.device).second) lines += StageLine(plan, stage, items);
    }
    const std::string share =
        replica.share > 0 ? fmt::format(", {:.1f} % of the requests", replica.share * 100) : "";
    std::string way;
    for (const Stage& stage : replica.stages) way += (way.empty() ? "" : " > ") + stage.device;
    out += fmt::format(" {}: {} {} at a time, {} in flight{}\n{}", way, replica.micro_batch,
                       pool.phase == Phase::kPrefill ? "prompt" : "sequences",
                       replica.max_sequences, share, lines);
  }
  return out;
}

std::string Stages(const Plan& plan, int items) {
  std::string out;
  if (IsOnePipeline(plan.pools) && plan.pools[0].replicas[0].micro_batch == 1) {
    for (const Stage& stage : plan.stages()) out += StageLine(plan, stage, items);
    return out;
  }
  for (const Pool& pool : plan.pools) {
    if (plan.pools.size() > 1) out += fmt::format("pool {}\n", PhaseName(pool.phase));
    out += PoolLines(plan, pool, items);
  }
  return out;
}

// The value with its unit, where it is not the time of a request that the lines above give.
std::string ValueLine(const Plan& plan) {
  const double value = plan.proof.value;
  switch (plan.objective.kind) {
    case ObjectiveKind::kThroughput:
      return fmt::format("serves     {:.1f} generated tok/s, at most {:.1f} are possible\n", value,
                         plan.proof.bound);
    case ObjectiveKind::kGoodput:
      return fmt::format("goodput    {:.3g} requests/s within the times\n", value);
    case ObjectiveKind::kCost:
      return fmt::format("energy     {:.3g} J per generated token\n", value);
    default:
      return "";
  }
}

std::string AlternativeLine(const Plan& plan, const Plan::Alternative& a) {
  switch (plan.objective.kind) {
    case ObjectiveKind::kThroughput:
      return fmt::format("  {}: {:.1f} tok/s\n", a.change, a.value);
    case ObjectiveKind::kGoodput:
      return fmt::format("  {}: {:.3g} requests/s\n", a.change, a.value);
    case ObjectiveKind::kCost:
      return fmt::format("  {}: {:.3g} J per token\n", a.change, a.value);
    default:
      return fmt::format("  {}: ttft {:.3f} s, itl {:.2f} ms{}\n", a.change, a.predicted.ttft_s,
                         a.predicted.itl_s * 1e3, Worse(a.value, plan.proof.value));
  }
}

// Only where a bound is known is there a gap to it.
std::string ProofLine(const Proof& proof) {
  std::string out = fmt::format("limited by {}   ({}", proof.binding, proof.method);
  if (std::isfinite(proof.gap)) out += fmt::format(", gap {:.1f} %", proof.gap * 100);
  out += fmt::format(", {} candidates", proof.candidates);
  if (proof.solve_ms > 0) out += fmt::format(", {:.1f} ms", proof.solve_ms);
  return out + ")\n";
}

}  // namespace

std::string PlanText(const Plan& plan, int items) {
  std::string out = fmt::format("plan {} for {} prompt and {} generated tokens\n", plan.id,
                                plan.objective.prompt_tokens, plan.objective.output_tokens);
  out += Stages(plan, items);
  const Prediction& p = plan.predicted;
  out += fmt::format(
      "predicted  ttft {:.3f} s   itl {:.2f} ms   prefill {:.0f} tok/s   decode {:.1f} tok/s\n",
      p.ttft_s, p.itl_s * 1e3, p.prefill_tokens_per_s, p.decode_tokens_per_s);
  out += ValueLine(plan);
  out += ProofLine(plan.proof);
  for (const Plan::Unused& unused : plan.unused)
    out += fmt::format("  {} unused: {}\n", unused.device, unused.reason);
  for (const Plan::Alternative& a : plan.alternatives) out += AlternativeLine(plan, a);
  return out;
}

}  // namespace motley
