#include "backends/discover/topology.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kDepthLimit = 32;

// A bridge stays when two devices share it, or when it is the root port of one.
class TreeBuilder {
 public:
  explicit TreeBuilder(const Inventory& inventory) : facts_(inventory.facts) {
    root_.kind = "machine";
    root_.id = "machine";
    for (const InventoryEntry& entry : inventory.devices) {
      if (!entry.function) continue;
      for (const std::string& bridge : entry.function->bridges) ++shared_[bridge];
    }
    for (const InventoryEntry& entry : inventory.devices) Place(entry);
  }

  TopologyNode Take() { return std::move(root_); }

 private:
  void Place(const InventoryEntry& entry) {
    TopologyNode* at = entry.info.numa_node < 0 ? &root_ : &NumaNode(entry.info.numa_node);
    TopologyNode device{.kind = "device", .id = entry.info.id, .label = entry.info.name};
    device.state = entry.info.state;
    device.memory_bytes = entry.info.memory_bytes;
    if (entry.function) {
      for (size_t i = 0; i < entry.function->bridges.size(); ++i) {
        const std::string& bridge = entry.function->bridges[i];
        if (i > 0 && shared_[bridge] < 2) continue;
        at = &Child(*at, i == 0 ? "port" : "switch", bridge);
        at->label = i == 0 ? "root port" : "switch";
        if (const PciLink* link = LinkOf(bridge); i > 0 && link) at->link = *link;
      }
      device.link = entry.function->link;
    }
    at->children.push_back(std::move(device));
  }

  TopologyNode& NumaNode(int number) {
    return Child(root_, "numa", "numa" + std::to_string(number));
  }

  static TopologyNode& Child(TopologyNode& parent, const char* kind, const std::string& id) {
    for (TopologyNode& child : parent.children) {
      if (child.id == id) return child;
    }
    return parent.children.emplace_back(TopologyNode{.kind = kind, .id = id});
  }

  const PciLink* LinkOf(const std::string& address) const {
    const auto found = std::ranges::find(facts_.functions, address, &PciFunction::address);
    return found == facts_.functions.end() ? nullptr : &found->link;
  }

  const MachineFacts& facts_;
  std::map<std::string, int> shared_;
  TopologyNode root_;
};

json LinkToJson(const PciLink& link) {
  const auto known = [](int n) { return n > 0 ? json(n) : json(nullptr); };
  return {{"generation", known(link.generation)},
          {"lanes", known(link.lanes)},
          {"max_generation", known(link.max_generation)},
          {"max_lanes", known(link.max_lanes)},
          {"slot_generation", known(link.slot_generation)},
          {"slot_lanes", known(link.slot_lanes)},
          {"bytes_per_s", NumberOrNull(LinkBytesPerSecond(link))}};
}

json NodeToJson(const TopologyNode& node) {
  json out{{"kind", node.kind}, {"id", node.id}, {"children", json::array()}};
  if (!node.label.empty()) out["label"] = node.label;
  if (!node.state.empty()) out["state"] = node.state;
  if (node.memory_bytes > 0) out["memory_bytes"] = node.memory_bytes;
  if (node.link) out["link"] = LinkToJson(*node.link);
  for (const TopologyNode& child : node.children) out["children"].push_back(NodeToJson(child));
  return out;
}

Result<TopologyNode> NodeFromJson(const JsonFields& fields, int depth) {
  if (depth > kDepthLimit) {
    return Error::Invalid(fields.Path("children"), "deeper than " + std::to_string(kDepthLimit));
  }
  TopologyNode node;
  node.kind = TRY(fields.Text("kind"));
  node.id = TRY(fields.Text("id"));
  node.label = TRY(fields.TextOr("label", ""));
  node.state = TRY(fields.TextOr("state", ""));
  const double bytes = TRY(fields.NumberOr("memory_bytes", 0));
  node.memory_bytes = static_cast<uint64_t>(std::min(bytes, 1e19));
  if (fields.Has("link")) {
    const JsonFields link = TRY(fields.Object("link"));
    PciLink& to = node.link.emplace();
    to.generation = TRY(link.IntegerOr("generation", 0));
    to.lanes = TRY(link.IntegerOr("lanes", 0));
    to.max_generation = TRY(link.IntegerOr("max_generation", 0));
    to.max_lanes = TRY(link.IntegerOr("max_lanes", 0));
    to.slot_generation = TRY(link.IntegerOr("slot_generation", 0));
    to.slot_lanes = TRY(link.IntegerOr("slot_lanes", 0));
  }
  for (const JsonFields& child : TRY(fields.ObjectsOr("children"))) {
    auto read = TRY(NodeFromJson(child, depth + 1));
    node.children.push_back(std::move(read));
  }
  return node;
}

}  // namespace

double LinkBytesPerSecond(const PciLink& link) {
  // Gigatransfers per second x coding / 8; from generation 6 on the frame's share of 242 in 256.
  constexpr std::array<double, 8> kLane = {0,         0.25e9,    0.5e9,           0.984615e9,
                                           1.96923e9, 3.93846e9, 8e9 * 242 / 256, 16e9 * 242 / 256};
  if (link.generation < 1 || link.generation >= static_cast<int>(kLane.size())) return 0;
  return kLane[static_cast<size_t>(link.generation)] * std::max(link.lanes, 0);
}

TopologyNode BuildTopology(const Inventory& inventory) { return TreeBuilder(inventory).Take(); }

json ToJson(const TopologyNode& node) {
  return {{"schema", "motley.topology/1"}, {"root", NodeToJson(node)}};
}

Result<TopologyNode> TopologyFromJson(const json& json) {
  const JsonFields fields = TRY(JsonFields::Of(json, ""));
  TRY(fields.CheckSchema("topology", 1));
  const JsonFields root = TRY(fields.Object("root"));
  return NodeFromJson(root, 0);
}

}  // namespace motley
