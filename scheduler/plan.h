#pragma once
// Where everything goes, and the proof: motley.plan/1 of docs/formats.md. Plain data, readable and loadable.

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace motley {

enum class ObjectiveKind { kLatency, kBottleneck };
const char* ObjectiveName(ObjectiveKind kind);

struct Objective {
  ObjectiveKind kind = ObjectiveKind::kLatency;
  int prompt_tokens = 512;
  int output_tokens = 128;
};

struct Stage {
  std::string device;
  int first_item = 0, last_item = 0;  // inclusive; item 0 is the embedding, the last one the head
};

struct Prediction {
  double ttft_s = 0, itl_s = 0, prefill_tokens_per_s = 0, decode_tokens_per_s = 0;
  std::map<std::string, double> memory_bytes;  // per device: weights and KV
};

struct Proof {
  std::string method = "exact";
  double value = 0, bound = 0, gap = 0;  // us
  std::string binding;                   // what limits it: "nv0 compute", "cpu0 memory", "link cpu0->ocl0"
  long candidates = 0;
  double solve_ms = 0;
};

struct Plan {
  std::string id;  // 8 hex digits of its content
  Objective objective;
  std::vector<Stage> stages;  // in order of items
  struct Unused { std::string device, reason; };
  std::vector<Unused> unused;
  Prediction predicted;
  Proof proof;
  struct Alternative { std::string change; std::vector<Stage> stages; Prediction predicted; double value_us = 0; };
  std::vector<Alternative> alternatives;
};

Result<Plan> PlanFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Plan& plan);

}  // namespace motley
