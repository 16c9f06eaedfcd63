#pragma once
// Where everything goes, and the proof: motley.plan/1 of docs/formats.md. Plain data, readable and
// loadable.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley {

enum class ObjectiveKind { kLatency, kBottleneck };
const char* ObjectiveName(ObjectiveKind kind);  // "latency", "bottleneck"
// Nothing for other names.
std::optional<ObjectiveKind> ObjectiveFromName(std::string_view name);

struct Objective {
  ObjectiveKind kind = ObjectiveKind::kLatency;
  int prompt_tokens = 512;
  int output_tokens = 128;
};

struct Stage {
  std::string device;
  int first_item = 0, last_item = 0;  // inclusive; item 0 is the embedding, the last one the head
};

// NaN: unknown (a phase that was neither measured nor asked for); null in JSON.
struct Prediction {
  double ttft_s = 0, itl_s = 0, prefill_tokens_per_s = 0, decode_tokens_per_s = 0;
  std::map<std::string, double> memory_bytes;  // per device: weights and KV
  std::vector<std::string> prior;              // devices priced from data sheets, not measured
};

struct Proof {
  std::string method = "exact";          // "given": stages chosen by hand, no bound
  double value = 0, bound = 0, gap = 0;  // us; gap: (value - bound) / bound
  std::string binding;  // what limits it: "nv0 compute", "cpu0 memory", "link cpu0->ocl0"
  long candidates = 0;  // (devices used, last device, items placed) states compared
  double solve_ms = 0;
};

struct Plan {
  std::string id;  // 8 hex digits of its content
  Objective objective;
  std::vector<Stage> stages;  // in order of items
  double kv_tokens = 0;       // of KV cache counted in memory_bytes
  struct Unused {
    std::string device, reason;
  };
  std::vector<Unused> unused;
  Prediction predicted;
  Proof proof;
  struct Alternative {
    std::string change;
    std::vector<Stage> stages;
    Prediction predicted;
    double value_us = 0;
  };
  std::vector<Alternative> alternatives;
};

// 8 hex digits of the objective, the stages and the KV size: the same placement has the same id.
std::string PlanId(const Plan& plan);

// Errors: InvalidArgument naming the key, Unsupported for what this version cannot serve (several
// pools or replicas, streamed weights). The id is always computed: a plan edited by hand is another
// plan.
Result<Plan> PlanFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Plan& plan);

}  // namespace motley
