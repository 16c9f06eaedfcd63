#pragma once
// What a model asks for, per item (embed, layers..., head): motley.workload/1 of docs/formats.md.
// No GGUF in it.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace motley {

// Of an item of a mixture of experts: how many there are, how many a token takes, and the weights
// of one, which weight_bytes has of them all. No experts: count 0.
struct Experts {
  double count = 0, per_token = 0, bytes = 0;
  // Different experts that `rows` tokens take, where all are equally likely.
  double Distinct(double rows) const;
};

struct WorkloadItem {
  std::string name;  // "embed", "layer.0", ..., "head"
  double weight_bytes = 0;
  double cost = 1.0;  // multiplies layer_times; absent in a file: 0 for "embed", 1 for the rest
  double flops_per_token = 0;  // absent: 0, priced by its bytes alone
  std::string
      tied_with;  // another item whose bytes count once when both sit on one device; or empty
  std::string type = "";     // of most of its weights, "Q4_0"; empty: not known
  double window_tokens = 0;  // of a sliding window: a row attends to no more; 0: to all before it
  Experts experts = {};
  bool IsLayer() const { return name.rfind("layer.", 0) == 0; }
};

struct Workload {
  std::string name;
  int layers = 0;
  double hidden_bytes_per_token = 0;
  double kv_bytes_per_token_layer = 0;
  double context_tokens = 0;
  // Of one layer, for a row and a position that it attends to: 4 x heads x head size. 0: not known.
  double attention_flops_per_pair = 0;
  std::vector<WorkloadItem> items;
};

// What a row attends to of `tokens`, as the mean of all layers: those with a window see no more.
double MeanAttended(const Workload& workload, double tokens);

// Errors: InvalidArgument naming the key: missing, negative, not finite, names that repeat,
// `layers` that differs from the number of layer.* items, tied_with that names no other item,
// experts that a token takes more of than there are or that weigh more than their item.
Result<Workload> WorkloadFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Workload& workload);

}  // namespace motley
