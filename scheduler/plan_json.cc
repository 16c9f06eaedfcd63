#include <nlohmann/json.hpp>

#include "hwprofiles/json_fields.h"
#include "scheduler/plan.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr double kUnknown = kUnknownNumber;

Error NoSuchName(const std::string& key, const std::string& name, const char* known) {
  return Error::Invalid(key, key + " is \"" + name + "\", must be " + known);
}

json StagesToJson(const std::vector<Stage>& stages) {
  json out = json::array();
  for (const Stage& stage : stages) {
    out.push_back({{"device", stage.device},
                   {"first_item", stage.first_item},
                   {"last_item", stage.last_item},
                   {"mode", StageModeName(stage.mode)}});
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
    const std::string mode = TRY(entry.TextOr("mode", "resident"));
    const auto known = StageModeFromName(mode);
    if (!known) return NoSuchName(entry.Path("mode"), mode, "resident or streamed");
    stage.mode = *known;
    stages.push_back(std::move(stage));
  }
  return stages;
}

json ObjectiveToJson(const Objective& objective) {
  json out = {{"kind", ObjectiveName(objective.kind)},
              {"prompt_tokens", objective.prompt_tokens},
              {"output_tokens", objective.output_tokens}};
  if (objective.rate_rps > 0) out["rate_rps"] = objective.rate_rps;
  const Slo& slo = objective.slo;
  if (slo.ttft_s > 0) out["slo"]["ttft_s"] = slo.ttft_s;
  if (slo.itl_s > 0) out["slo"]["itl_s"] = slo.itl_s;
  if (out.contains("slo")) out["slo"]["quantile"] = slo.quantile;
  return out;
}

Result<Slo> SloFromJson(const JsonFields& fields) {
  Slo slo;
  slo.ttft_s = TRY(fields.NumberOr("ttft_s", 0));
  slo.itl_s = TRY(fields.NumberOr("itl_s", 0));
  slo.quantile = TRY(fields.NumberOr("quantile", slo.quantile));
  if (slo.quantile > 1) {
    return Error::Invalid(
        fields.Path("quantile"),
        fields.Path("quantile") + " is " + std::to_string(slo.quantile) + ", must be at most 1");
  }
  return slo;
}

Result<Objective> ObjectiveFromJson(const JsonFields& fields) {
  Objective objective;
  const std::string kind = TRY(fields.Text("kind"));
  const auto known = ObjectiveFromName(kind);
  if (!known) {
    return NoSuchName(fields.Path("kind"), kind,
                      "latency, bottleneck, throughput, goodput or cost");
  }
  objective.kind = *known;
  objective.prompt_tokens = TRY(fields.IntegerOr("prompt_tokens", objective.prompt_tokens));
  objective.output_tokens = TRY(fields.IntegerOr("output_tokens", objective.output_tokens));
  objective.rate_rps = TRY(fields.NumberOr("rate_rps", 0));
  if (fields.Has("slo")) objective.slo = TRY(SloFromJson(TRY(fields.Object("slo"))));
  return objective;
}

json PredictionToJson(const Prediction& predicted) {
  return {{"ttft_s", NumberOrNull(predicted.ttft_s)},
          {"itl_s", NumberOrNull(predicted.itl_s)},
          {"prefill_tokens_per_s", NumberOrNull(predicted.prefill_tokens_per_s)},
          {"decode_tokens_per_s", NumberOrNull(predicted.decode_tokens_per_s)},
          {"energy_j_per_token", NumberOrNull(predicted.energy_j_per_token)},
          {"uncertainty", NumberOrNull(predicted.uncertainty)},
          {"memory_bytes", predicted.memory_bytes},
          {"prior", predicted.prior}};
}

Result<Prediction> PredictionFromJson(const JsonFields& fields) {
  Prediction predicted;
  predicted.ttft_s = TRY(fields.NumberOr("ttft_s", kUnknown));
  predicted.itl_s = TRY(fields.NumberOr("itl_s", kUnknown));
  predicted.prefill_tokens_per_s = TRY(fields.NumberOr("prefill_tokens_per_s", kUnknown));
  predicted.decode_tokens_per_s = TRY(fields.NumberOr("decode_tokens_per_s", kUnknown));
  predicted.energy_j_per_token = TRY(fields.NumberOr("energy_j_per_token", kUnknown));
  predicted.uncertainty = TRY(fields.NumberOr("uncertainty", kUnknown));
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

json PoolsToJson(const std::vector<Pool>& pools) {
  json out = json::array();
  for (const Pool& pool : pools) {
    json replicas = json::array();
    for (const Replica& replica : pool.replicas) {
      replicas.push_back({{"stages", StagesToJson(replica.stages)},
                          {"micro_batch", replica.micro_batch},
                          {"max_sequences", replica.max_sequences},
                          {"kv_tokens", replica.kv_tokens}});
      if (replica.share > 0) replicas.back()["share"] = replica.share;
    }
    out.push_back({{"phase", PhaseName(pool.phase)}, {"replicas", std::move(replicas)}});
  }
  return out;
}

Result<Replica> ReplicaFromJson(const JsonFields& fields) {
  Replica replica;
  replica.stages = TRY(StagesFromJson(fields));
  const std::string key = fields.Path("stages");
  if (replica.stages.empty()) return Error::Invalid(key, key + " is empty");
  replica.micro_batch = TRY(fields.IntegerOr("micro_batch", 0));
  replica.max_sequences = TRY(fields.IntegerOr("max_sequences", 0));
  replica.kv_tokens = TRY(fields.NumberOr("kv_tokens", 0));
  replica.share = TRY(fields.NumberOr("share", 0));
  return replica;
}

Result<std::vector<Pool>> PoolsFromJson(const JsonFields& fields) {
  std::vector<Pool> out;
  const auto pools = TRY(fields.Objects("pools"));
  for (const JsonFields& entry : pools) {
    Pool& pool = out.emplace_back();
    const std::string phase = TRY(entry.TextOr("phase", "both"));
    const auto known = PhaseFromName(phase);
    if (!known) return NoSuchName(entry.Path("phase"), phase, "both, prefill or decode");
    pool.phase = *known;
    const auto replicas = TRY(entry.Objects("replicas"));
    for (const JsonFields& replica : replicas) {
      pool.replicas.push_back(TRY(ReplicaFromJson(replica)));
    }
    const std::string key = entry.Path("replicas");
    if (pool.replicas.empty()) return Error::Invalid(key, key + " is empty");
  }
  if (out.empty()) return Error::Invalid(fields.Path("pools"), fields.Path("pools") + " is empty");
  return out;
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
    if (entry.Has("stages")) alternative.pools = OnePipeline(TRY(StagesFromJson(entry)), 0, 1);
    if (entry.Has("pools")) alternative.pools = TRY(PoolsFromJson(entry));
    alternative.predicted = TRY(PredictionIn(entry));
    alternative.value = TRY(entry.NumberOr("value", kUnknown));
    plan.alternatives.push_back(std::move(alternative));
  }
  return {};
}

json AlternativeToJson(const Plan::Alternative& alternative) {
  json out = {{"change", alternative.change},
              {"predicted", PredictionToJson(alternative.predicted)},
              {"value", NumberOrNull(alternative.value)}};
  if (IsOnePipeline(alternative.pools)) {
    out["stages"] = StagesToJson(alternative.pools[0].replicas[0].stages);
  } else {
    out["pools"] = PoolsToJson(alternative.pools);
  }
  return out;
}

}  // namespace

Result<Plan> PlanFromJson(const json& document) {
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  TRY(fields.CheckSchema("plan", 1));
  Plan plan;
  if (fields.Has("objective")) {
    plan.objective = TRY(ObjectiveFromJson(TRY(fields.Object("objective"))));
  }
  plan.pools = TRY(PoolsFromJson(fields));
  TRY(ReadRest(fields, plan));
  plan.id = PlanId(plan);
  return plan;
}

json ToJson(const Plan& plan) {
  json out = {{"schema", "motley.plan/1"},
              {"id", plan.id},
              {"objective", ObjectiveToJson(plan.objective)},
              {"pools", PoolsToJson(plan.pools)},
              {"unused", json::array()},
              {"predicted", PredictionToJson(plan.predicted)},
              {"proof", ProofToJson(plan.proof)},
              {"alternatives", json::array()}};
  for (const auto& unused : plan.unused) {
    out["unused"].push_back({{"device", unused.device}, {"reason", unused.reason}});
  }
  for (const auto& alternative : plan.alternatives) {
    out["alternatives"].push_back(AlternativeToJson(alternative));
  }
  return out;
}

}  // namespace motley
