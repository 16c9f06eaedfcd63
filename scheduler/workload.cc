#include "scheduler/workload.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

Result<Experts> ExpertsFromJson(const JsonFields& fields, double weight_bytes) {
  Experts experts;
  experts.count = TRY(fields.Positive("count"));
  experts.per_token = TRY(fields.Positive("per_token"));
  experts.bytes = TRY(fields.Number("bytes"));
  if (experts.per_token > experts.count) {
    return Error::Invalid(
        fields.Path("per_token"),
        fields.Path("per_token") + " is more than there are experts in " + fields.Path("count"));
  }
  if (experts.count * experts.bytes > weight_bytes) {
    return Error::Invalid(fields.Path("bytes"),
                          fields.Path("bytes") + ": all experts weigh more than the item does");
  }
  return experts;
}

Result<WorkloadItem> ItemFromJson(const JsonFields& fields) {
  WorkloadItem item;
  item.name = TRY(fields.Text("name"));
  item.weight_bytes = TRY(fields.Number("weight_bytes"));
  item.cost = TRY(fields.NumberOr("cost", item.name == "embed" ? 0 : 1));
  item.flops_per_token = TRY(fields.NumberOr("flops_per_token", 0));
  item.type = TRY(fields.TextOr("type", ""));
  item.tied_with = TRY(fields.TextOr("tied_with", ""));
  item.window_tokens = TRY(fields.NumberOr("window_tokens", 0));
  if (fields.Has("experts")) {
    item.experts = TRY(ExpertsFromJson(TRY(fields.Object("experts")), item.weight_bytes));
  }
  return item;
}

Status CheckNames(const std::vector<JsonFields>& entries, const std::vector<WorkloadItem>& items) {
  std::set<std::string> names;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!names.insert(items[i].name).second) {
      return Error::Invalid(
          entries[i].Path("name"),
          entries[i].Path("name") + " is \"" + items[i].name + "\", which another item has too");
    }
  }
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string& twin = items[i].tied_with;
    if (!twin.empty() && (twin == items[i].name || !names.contains(twin))) {
      return Error::Invalid(
          entries[i].Path("tied_with"),
          entries[i].Path("tied_with") + " is \"" + twin + "\", no other item has this name");
    }
  }
  return {};
}

}  // namespace

double Experts::Distinct(double rows) const {
  return count > 0 ? count * (1 - std::pow(1 - per_token / count, rows)) : 0;
}

double MeanAttended(const Workload& workload, double tokens) {
  double sum = 0, layers = 0;
  for (const WorkloadItem& item : workload.items) {
    if (!item.IsLayer()) continue;
    sum += item.window_tokens > 0 ? std::min(tokens, item.window_tokens) : tokens;
    layers += 1;
  }
  return layers > 0 ? sum / layers : tokens;
}

Result<Workload> WorkloadFromJson(const json& document) {
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  TRY(fields.CheckSchema("workload", 1));
  Workload workload;
  workload.name = TRY(fields.TextOr("name", ""));
  workload.hidden_bytes_per_token = TRY(fields.Number("hidden_bytes_per_token"));
  workload.kv_bytes_per_token_layer = TRY(fields.Number("kv_bytes_per_token_layer"));
  workload.context_tokens = TRY(fields.Number("context_tokens"));
  workload.attention_flops_per_pair = TRY(fields.NumberOr("attention_flops_per_pair", 0));
  const auto entries = TRY(fields.Objects("items"));
  if (entries.empty()) return Error::Invalid("items", "items is empty, needs at least one item");
  for (const JsonFields& entry : entries) workload.items.push_back(TRY(ItemFromJson(entry)));
  TRY(CheckNames(entries, workload.items));
  const auto layers = std::count_if(workload.items.begin(), workload.items.end(),
                                    [](const WorkloadItem& item) { return item.IsLayer(); });
  workload.layers = TRY(fields.IntegerOr("layers", static_cast<int>(layers)));
  if (workload.layers != layers) {
    return Error::Invalid("layers", "layers is " + std::to_string(workload.layers) +
                                        ", items has " + std::to_string(layers) + " named layer.*");
  }
  return workload;
}

json ToJson(const Workload& workload) {
  json items = json::array();
  for (const WorkloadItem& item : workload.items) {
    items.push_back({{"name", item.name},
                     {"weight_bytes", item.weight_bytes},
                     {"cost", item.cost},
                     {"flops_per_token", item.flops_per_token}});
    if (!item.type.empty()) items.back()["type"] = item.type;
    if (!item.tied_with.empty()) items.back()["tied_with"] = item.tied_with;
    if (item.window_tokens > 0) items.back()["window_tokens"] = item.window_tokens;
    const Experts& e = item.experts;
    if (e.count > 0) {
      items.back()["experts"] = {
          {"count", e.count}, {"per_token", e.per_token}, {"bytes", e.bytes}};
    }
  }
  return {{"schema", "motley.workload/1"},
          {"name", workload.name},
          {"layers", workload.layers},
          {"hidden_bytes_per_token", workload.hidden_bytes_per_token},
          {"kv_bytes_per_token_layer", workload.kv_bytes_per_token_layer},
          {"context_tokens", workload.context_tokens},
          {"attention_flops_per_pair", workload.attention_flops_per_pair},
          {"items", std::move(items)}};
}

}  // namespace motley
