#include "scheduler/plan.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

json StagesToJson(const std::vector<Stage>& stages) {
  json out = json::array();
  for (const Stage& stage : stages) {
    out.push_back({{"device", stage.device},
                   {"first_item", stage.first_item},
                   {"last_item", stage.last_item},
                   {"mode", "resident"}});
  }
  return out;
}

Result<std::vector<Stage>> StagesFromJson(const JsonFields& fields) {
  std::vector<Stage> stages;
  const auto entries = TRY(fields.Objects("stages"));
  for (const JsonFields& entry : entries) {
    Stage stage;
    stage.device = TRY(entry.Text("device"));
    stage.first_item = TRY(entry.Integer("first_item"));
    stage.last_item = TRY(entry.Integer("last_item"));
    if (stage.last_item < stage.first_item) {
      return Error::Invalid(entry.Path("last_item"), entry.Path("last_item") + " is " +
                                                         std::to_string(stage.last_item) +
                                                         ", must be at least first_item, " +
                                                         std::to_string(stage.first_item));
    }
    if (TRY(entry.TextOr("mode", "resident")) != "resident") {
      return Error::Unsupported(entry.Path("mode") + ": only \"resident\" can be served");
    }
    stages.push_back(std::move(stage));
  }
  return stages;
}

json ObjectiveToJson(const Objective& objective) {
  return {{"kind", ObjectiveName(objective.kind)},
          {"prompt_tokens", objective.prompt_tokens},
          {"output_tokens", objective.output_tokens}};
}

Result<Objective> ObjectiveFromJson(const JsonFields& fields) {
  Objective objective;
  const std::string kind = TRY(fields.Text("kind"));
  const auto known = ObjectiveFromName(kind);
  if (!known) {
    return Error::Invalid(fields.Path("kind"), fields.Path("kind") + " is \"" + kind +
                                                   "\", must be latency or bottleneck");
  }
  objective.kind = *known;
  objective.prompt_tokens = TRY(fields.IntegerOr("prompt_tokens", objective.prompt_tokens));
  objective.output_tokens = TRY(fields.IntegerOr("output_tokens", objective.output_tokens));
  return objective;
}

json PredictionToJson(const Prediction& predicted) {
  return {{"ttft_s", NumberOrNull(predicted.ttft_s)},
          {"itl_s", NumberOrNull(predicted.itl_s)},
          {"prefill_tokens_per_s", NumberOrNull(predicted.prefill_tokens_per_s)},
          {"decode_tokens_per_s", NumberOrNull(predicted.decode_tokens_per_s)},
          {"memory_bytes", predicted.memory_bytes},
          {"prior", predicted.prior}};
}

Result<Prediction> PredictionFromJson(const JsonFields& fields) {
  Prediction predicted;
  predicted.ttft_s = TRY(fields.NumberOr("ttft_s", kUnknown));
  predicted.itl_s = TRY(fields.NumberOr("itl_s", kUnknown));
  predicted.prefill_tokens_per_s = TRY(fields.NumberOr("prefill_tokens_per_s", kUnknown));
  predicted.decode_tokens_per_s = TRY(fields.NumberOr("decode_tokens_per_s", kUnknown));
  if (const json* memory = fields.Find("memory_bytes"); memory && memory->is_object()) {
    for (const auto& [device, bytes] : memory->items()) {
      predicted.memory_bytes[device] =
          TRY(ReadNumber(bytes, fields.Path("memory_bytes") + "." + device));
    }
  }
  if (const json* prior = fields.Find("prior"); prior && prior->is_array()) {
    for (const json& device : *prior) {
      if (device.is_string()) predicted.prior.push_back(device.get<std::string>());
    }
  }
  return predicted;
}

Result<Prediction> PredictionIn(const JsonFields& fields) {
  if (!fields.Has("predicted")) return Prediction{kUnknown, kUnknown, kUnknown, kUnknown};
  return PredictionFromJson(TRY(fields.Object("predicted")));
}

json ProofToJson(const Proof& proof) {
  return {{"method", proof.method},
          {"value", NumberOrNull(proof.value)},
          {"bound", NumberOrNull(proof.bound)},
          {"gap", NumberOrNull(proof.gap)},
          {"binding", proof.binding},
          {"candidates", proof.candidates},
          {"solve_ms", NumberOrNull(proof.solve_ms)}};
}

Result<Proof> ProofFromJson(const JsonFields& fields) {
  Proof proof;
  proof.method = TRY(fields.TextOr("method", "given"));
  proof.value = TRY(fields.NumberOr("value", kUnknown));
  proof.bound = TRY(fields.NumberOr("bound", kUnknown));
  proof.gap = TRY(fields.NumberOr("gap", kUnknown));
  proof.binding = TRY(fields.TextOr("binding", ""));
  proof.candidates = static_cast<long>(TRY(fields.NumberOr("candidates", 0)));
  proof.solve_ms = TRY(fields.NumberOr("solve_ms", kUnknown));
  return proof;
}

json PoolsToJson(const Plan& plan) {
  const int sequences =
      plan.objective.kind == ObjectiveKind::kBottleneck ? static_cast<int>(plan.stages.size()) : 1;
  const json replica = {{"stages", StagesToJson(plan.stages)},
                        {"micro_batch", 1},
                        {"max_sequences", sequences},
                        {"kv_tokens", plan.kv_tokens}};
  const json pool = {{"phase", "both"}, {"replicas", json::array({replica})}};
  return json::array({pool});
}

Status ReadPools(const JsonFields& fields, Plan& plan) {
  const auto pools = TRY(fields.Objects("pools"));
  if (pools.size() != 1) {
    return Error::Unsupported("pools has " + std::to_string(pools.size()) +
                              " entries, this version serves exactly one");
  }
  const auto replicas = TRY(pools[0].Objects("replicas"));
  if (replicas.size() != 1) {
    return Error::Unsupported("pools[0].replicas has " + std::to_string(replicas.size()) +
                              " entries, this version serves exactly one");
  }
  plan.stages = TRY(StagesFromJson(replicas[0]));
  if (plan.stages.empty()) {
    return Error::Invalid("pools[0].replicas[0].stages", "pools[0].replicas[0].stages is empty");
  }
  plan.kv_tokens = TRY(replicas[0].NumberOr("kv_tokens", 0));
  return {};
}

Status ReadRest(const JsonFields& fields, Plan& plan) {
  const auto unused = TRY(fields.ObjectsOr("unused"));
  for (const JsonFields& entry : unused) {
    Plan::Unused left_out;
    left_out.device = TRY(entry.Text("device"));
    left_out.reason = TRY(entry.TextOr("reason", ""));
    plan.unused.push_back(std::move(left_out));
  }
  plan.predicted = TRY(PredictionIn(fields));
  if (fields.Has("proof")) plan.proof = TRY(ProofFromJson(TRY(fields.Object("proof"))));
  const auto alternatives = TRY(fields.ObjectsOr("alternatives"));
  for (const JsonFields& entry : alternatives) {
    Plan::Alternative alternative;
    alternative.change = TRY(entry.Text("change"));
    if (entry.Has("stages")) alternative.stages = TRY(StagesFromJson(entry));
    alternative.predicted = TRY(PredictionIn(entry));
    alternative.value_us = TRY(entry.NumberOr("value", kUnknown));
    plan.alternatives.push_back(std::move(alternative));
  }
  return {};
}

}  // namespace

const char* ObjectiveName(ObjectiveKind kind) {
  return kind == ObjectiveKind::kLatency ? "latency" : "bottleneck";
}

std::optional<ObjectiveKind> ObjectiveFromName(std::string_view name) {
  for (const ObjectiveKind kind : {ObjectiveKind::kLatency, ObjectiveKind::kBottleneck}) {
    if (name == ObjectiveName(kind)) return kind;
  }
  return std::nullopt;
}

std::string PlanId(const Plan& plan) {
  const std::string content = ObjectiveToJson(plan.objective).dump() + PoolsToJson(plan).dump();
  // FNV-1a, 32 bits.
  uint32_t hash = 2166136261u;
  for (const unsigned char byte : content) hash = (hash ^ byte) * 16777619u;
  char text[9];
  std::snprintf(text, sizeof text, "%08x", hash);
  return text;
}

Result<Plan> PlanFromJson(const json& document) {
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  TRY(fields.CheckSchema("plan", 1));
  Plan plan;
  if (fields.Has("objective")) {
    plan.objective = TRY(ObjectiveFromJson(TRY(fields.Object("objective"))));
  }
  TRY(ReadPools(fields, plan));
  TRY(ReadRest(fields, plan));
  plan.id = PlanId(plan);
  return plan;
}

json ToJson(const Plan& plan) {
  json out = {{"schema", "motley.plan/1"},
              {"id", plan.id},
              {"objective", ObjectiveToJson(plan.objective)},
              {"pools", PoolsToJson(plan)},
              {"unused", json::array()},
              {"predicted", PredictionToJson(plan.predicted)},
              {"proof", ProofToJson(plan.proof)},
              {"alternatives", json::array()}};
  for (const auto& unused : plan.unused) {
    out["unused"].push_back({{"device", unused.device}, {"reason", unused.reason}});
  }
  for (const auto& alternative : plan.alternatives) {
    out["alternatives"].push_back({{"change", alternative.change},
                                   {"stages", StagesToJson(alternative.stages)},
                                   {"predicted", PredictionToJson(alternative.predicted)},
                                   {"value", NumberOrNull(alternative.value_us)}});
  }
  return out;
}

}  // namespace motley
