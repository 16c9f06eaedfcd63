#pragma once
// What a model asks for, per item (embed, layers..., head): motley.workload/1 of docs/formats.md. No GGUF in it.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace motley {

struct WorkloadItem {
  std::string name;        // "embed", "layer.0", ..., "head"
  double weight_bytes = 0;
  double cost = 1.0;       // multiplies layer_times
  double flops_per_token = 0;
  std::string tied_with;   // another item whose bytes count once when both sit on one device; or empty
  bool IsLayer() const { return name.rfind("layer.", 0) == 0; }
};

struct Workload {
  std::string name;
  int layers = 0;
  double hidden_bytes_per_token = 0;
  double kv_bytes_per_token_layer = 0;
  double context_tokens = 0;
  std::vector<WorkloadItem> items;
};

Result<Workload> WorkloadFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Workload& workload);

}  // namespace motley
