#include "scheduler/plan.h"

#include <nlohmann/json.hpp>

namespace motley {
namespace {

constexpr ObjectiveKind kObjectives[] = {ObjectiveKind::kLatency, ObjectiveKind::kBottleneck,
                                         ObjectiveKind::kThroughput, ObjectiveKind::kGoodput,
                                         ObjectiveKind::kCost};
constexpr StageMode kModes[] = {StageMode::kResident, StageMode::kStreamed};

Status OnlyOne(const std::string& key, size_t entries) {
  if (entries == 1) return {};
  return Error::Unsupported(key + " has " + std::to_string(entries) +
                            " entries, this version serves exactly one");
}

}  // namespace

const char* ObjectiveName(ObjectiveKind kind) {
  switch (kind) {
    case ObjectiveKind::kLatency:
      return "latency";
    case ObjectiveKind::kBottleneck:
      return "bottleneck";
    case ObjectiveKind::kThroughput:
      return "throughput";
    case ObjectiveKind::kGoodput:
      return "goodput";
    case ObjectiveKind::kCost:
      return "cost";
  }
  return "";
}

std::optional<ObjectiveKind> ObjectiveFromName(std::string_view name) {
  for (const ObjectiveKind kind : kObjectives) {
    if (name == ObjectiveName(kind)) return kind;
  }
  return std::nullopt;
}

const char* StageModeName(StageMode mode) {
  return mode == StageMode::kResident ? "resident" : "streamed";
}

std::optional<StageMode> StageModeFromName(std::string_view name) {
  for (const StageMode mode : kModes) {
    if (name == StageModeName(mode)) return mode;
  }
  return std::nullopt;
}

const char* PhaseName(Phase phase) {
  if (phase == Phase::kBoth) return "both";
  return phase == Phase::kPrefill ? "prefill" : "decode";
}

std::optional<Phase> PhaseFromName(std::string_view name) {
  for (const Phase phase : {Phase::kBoth, Phase::kPrefill, Phase::kDecode}) {
    if (name == PhaseName(phase)) return phase;
  }
  return std::nullopt;
}

std::vector<Pool> OnePipeline(std::vector<Stage> stages, double kv_tokens, int max_sequences) {
  Replica replica;
  replica.stages = std::move(stages);
  replica.max_sequences = max_sequences;
  replica.kv_tokens = kv_tokens;
  return {{Phase::kBoth, {std::move(replica)}}};
}

bool IsOnePipeline(const std::vector<Pool>& pools) {
  return pools.size() == 1 && pools[0].replicas.size() == 1;
}

Status CheckServable(const Plan& plan) {
  TRY(OnlyOne("pools", plan.pools.size()));
  TRY(OnlyOne("pools[0].replicas", plan.pools[0].replicas.size()));
  for (const Stage& stage : plan.stages()) {
    if (stage.mode == StageMode::kResident) continue;
    return Error::Unsupported("the stage of " + stage.device + " is " + StageModeName(stage.mode) +
                              ", this version serves resident stages only");
  }
  return {};
}

std::string PlanId(const Plan& plan) {
  const nlohmann::json written = ToJson(plan);
  const std::string content = written["objective"].dump() + written["pools"].dump();
  // FNV-1a, 32 bits.
  uint32_t hash = 2166136261u;
  for (const unsigned char byte : content) hash = (hash ^ byte) * 16777619u;
  char text[9];
  std::snprintf(text, sizeof text, "%08x", hash);
  return text;
}

}  // namespace motley
