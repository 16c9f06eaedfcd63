#include "daemon/planning/model_facts.h"

#include <algorithm>
#include <map>
#include <set>

namespace motley {
namespace {

std::string ItemName(size_t item, size_t items) {
  if (item == 0) return "embed";
  return item + 1 == items ? "head" : "layer." + std::to_string(item - 1);
}

std::set<int> WeightsOf(const std::vector<SymbolicOp>& ops) {
  std::set<int> weights;
  for (SymbolicOp op : ops) {
    std::visit(
        [&](auto& o) {
          o.ForEach([&](Ref ref) {
            if (ref.kind == Ref::Kind::kWeight) weights.insert(ref.index);
          });
        },
        op);
  }
  return weights;
}

// Of the attention of an item, 0: none or without one.
int WindowOf(const std::vector<SymbolicOp>& ops) {
  for (const SymbolicOp& op : ops) {
    if (const auto* attention = std::get_if<op::Attention<Ref>>(&op)) return attention->window;
  }
  return 0;
}

// Where most of the bytes are.
std::string MainType(const std::map<std::string, double>& bytes_of_types) {
  if (bytes_of_types.empty()) return "";
  return std::ranges::max_element(bytes_of_types, {}, [](const auto& t) { return t.second; })
      ->first;
}

}  // namespace

Workload MakeWorkload(const Manifest& manifest, const ModelGraph& graph, int context_tokens) {
  const HyperParameters& h = graph.hyper;
  Workload out;
  out.name = manifest.path.substr(manifest.path.rfind('/') + 1);
  out.layers = h.layers;
  out.hidden_bytes_per_token = static_cast<double>(h.hidden) * sizeof(float);
  out.kv_bytes_per_token_layer = 2.0 * h.kv_cols() * 2;
  out.context_tokens = context_tokens;
  out.attention_flops_per_pair = 4.0 * h.heads * h.head_dim;
  int embedding = -1;
  for (size_t item = 0; item < graph.items.size(); ++item) {
    WorkloadItem& to = out.items.emplace_back();
    to.name = ItemName(item, graph.items.size());
    to.window_tokens = WindowOf(graph.items[item]);
    std::map<std::string, double> bytes_of_types;
    for (const int weight : WeightsOf(graph.items[item])) {
      const WeightSpec& spec = graph.weights[static_cast<size_t>(weight)];
      const auto bytes = static_cast<double>(RowBytes(spec.type, spec.cols) * spec.rows);
      to.weight_bytes += bytes;
      bytes_of_types[std::string(Traits(spec.type).name)] += bytes;
      if (to.name != "embed")
        to.flops_per_token += 2.0 * static_cast<double>(spec.rows * spec.cols);
      if (to.name == "embed") embedding = weight;
      if (to.name == "head" && weight == embedding) to.tied_with = "embed";
    }
    to.type = MainType(bytes_of_types);
  }
  return out;
}

std::string Fingerprint(const Manifest&, const ModelGraph& graph) {
  const HyperParameters& h = graph.hyper;
  std::map<std::string, int> types;
  for (const WeightSpec& w : graph.weights) ++types[std::string(Traits(w.type).name)];
  std::string out = h.architecture;
  for (const int n : {h.layers, h.hidden, h.feed_forward, h.heads, h.kv_heads, h.head_dim,
                      h.vocabulary, h.window}) {
    out += ":" + std::to_string(n);
  }
  for (const auto& [name, count] : types) out += " " + name + "x" + std::to_string(count);
  return out;
}

}  // namespace motley
