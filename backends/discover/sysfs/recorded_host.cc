#include "backends/discover/sysfs/recorded_host.h"

#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

constexpr size_t kEntryLimit = 4096;
constexpr int64_t kNumberLimit = int64_t{1} << 53;

// A container that does not nest, so that a hostile file cannot exhaust the stack of the parser.
constexpr int kDepthLimit = 8;

std::string TextOf(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? Printable(found->get<std::string>()) : "";
}

int64_t NumberOf(const json& object, const char* key, int64_t absent) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return absent;
  const int64_t value = found->get<int64_t>();
  return value < -1 || value > kNumberLimit ? absent : value;
}

bool TruthOf(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

const json& ListOf(const json& object, const char* key) {
  static const json none = json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() && found->size() <= kEntryLimit ? *found : none;
}

const json& ObjectOf(const json& object, const char* key) {
  static const json none = json::object();
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : none;
}

void ReadTexts(const json& file, const char* key, std::vector<std::string>& out) {
  for (const json& text : ListOf(file, key))
    if (text.is_string()) out.push_back(Printable(text.get<std::string>()));
}

DeviceInfo DeviceOf(const json& j) {
  DeviceInfo info;
  info.id = TextOf(j, "id");
  info.kind = TextOf(j, "kind");
  info.backend = TextOf(j, "backend");
  info.name = TextOf(j, "name");
  info.pci = TextOf(j, "pci");
  info.uuid = TextOf(j, "uuid");
  info.numa_node = static_cast<int>(std::min<int64_t>(NumberOf(j, "numa_node", -1), 4096));
  const json& driver = ObjectOf(j, "driver");
  info.driver_name = TextOf(driver, "name");
  info.driver_version = TextOf(driver, "version");
  info.kernels = TextOf(j, "kernels");
  info.memory_bytes = std::max<int64_t>(NumberOf(j, "memory_bytes", 0), 0);
  info.free_bytes = std::max<int64_t>(NumberOf(j, "free_bytes", 0), 0);
  info.compute_units =
      static_cast<int>(std::min<int64_t>(NumberOf(j, "compute_units", 0), 1 << 20));
  const json& state = ObjectOf(j, "state");
  if (state.contains("code")) info.state = TextOf(state, "code");
  info.reason = TextOf(state, "reason");
  info.fix = TextOf(state, "fix");
  return info;
}

}  // namespace

void ReadRecordedHost(const Tree& tree, MachineFacts& facts) {
  const auto not_too_deep = [](int depth, json::parse_event_t, json&) {
    return depth <= kDepthLimit;
  };
  const std::string text = tree.Bytes("motley.json", Tree::kTableLimit);
  const json file = json::parse(text, not_too_deep, false);
  if (!file.is_object()) return;
  for (const json& node : ListOf(file, "nodes"))
    if (node.is_object())
      facts.nodes.push_back(
          {TextOf(node, "path"), TextOf(node, "group"), TruthOf(node, "accessible")});
  ReadTexts(file, "libraries", facts.libraries);
  ReadTexts(file, "modules", facts.modules);
  for (const json& device : ListOf(file, "probed"))
    if (device.is_object() && !TextOf(device, "id").empty())
      facts.probed.push_back(DeviceOf(device));
  if (file.contains("kernel_release")) facts.kernel_release = TextOf(file, "kernel_release");
  facts.user = TextOf(file, "user");
  facts.in_container = facts.in_container || TruthOf(file, "in_container");
}

}  // namespace motley
