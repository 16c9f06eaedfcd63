#include "scheduler/workload.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

Result<WorkloadItem> ItemFromJson(const JsonFields& fields) {
  WorkloadItem item;
  item.name = TRY(fields.Text("name"));
  item.weight_bytes = TRY(fields.Number("weight_bytes"));
  item.cost = TRY(fields.NumberOr("cost", item.name == "embed" ? 0 : 1));
  item.flops_per_token = TRY(fields.NumberOr("flops_per_token", 0));
  item.type = TRY(fields.TextOr("type", ""));
  item.tied_with = TRY(fields.TextOr("tied_with", ""));
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
