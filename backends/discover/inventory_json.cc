#include "backends/discover/inventory_json.h"

#include <nlohmann/json.hpp>

#include "backends/discover/cases.h"

namespace motley {
namespace {

using nlohmann::json;

json TextOrNull(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }
json NumberOrNull(uint64_t number) { return number == 0 ? json(nullptr) : json(number); }

json CodeOrNull(int code) { return code == 0 ? json(nullptr) : json(CaseName(code)); }

json LinkToJson(const PciLink& link) {
  const bool known = link.lanes > 0 || link.max_lanes > 0 || link.generation > 0;
  if (!known) return nullptr;
  return {{"generation", NumberOrNull(link.generation)},
          {"lanes", NumberOrNull(link.lanes)},
          {"max_generation", NumberOrNull(link.max_generation)},
          {"max_lanes", NumberOrNull(link.max_lanes)},
          {"slot_generation", NumberOrNull(link.slot_generation)},
          {"slot_lanes", NumberOrNull(link.slot_lanes)}};
}

}  // namespace

json FindingToJson(const Finding& finding) {
  return {{"code", CodeOrNull(finding.code)},
          {"state", finding.state},
          {"reason", finding.reason},
          {"fix", finding.fix}};
}

json EntryToJson(const InventoryEntry& entry) {
  const DeviceInfo& d = entry.info;
  const json state{{"code", d.state}, {"reason", d.reason}, {"fix", d.fix}};
  json driver, bridges = json::array(), findings = json::array();
  if (!d.driver_name.empty())
    driver = {{"name", d.driver_name}, {"version", TextOrNull(d.driver_version)}};
  if (entry.function)
    for (const std::string& bridge : entry.function->bridges) bridges.push_back(bridge);
  for (const Finding& finding : entry.findings) findings.push_back(FindingToJson(finding));
  const int worst = entry.findings.empty() ? 0 : entry.findings.front().code;
  return {{"id", d.id},
          {"kind", d.kind},
          {"backend", TextOrNull(d.backend)},
          {"name", d.name},
          {"pci", TextOrNull(d.pci)},
          {"uuid", TextOrNull(d.uuid)},
          {"numa_node", d.numa_node},
          {"driver", driver},
          {"kernels", TextOrNull(d.kernels)},
          {"memory_bytes", NumberOrNull(d.memory_bytes)},
          {"free_bytes", NumberOrNull(d.free_bytes)},
          {"compute_units", NumberOrNull(d.compute_units)},
          {"link", entry.function ? LinkToJson(entry.function->link) : json(nullptr)},
          {"bridges", bridges},
          {"peak", nullptr},
          {"measured", false},
          {"measured_at", nullptr},
          {"code", CodeOrNull(worst)},
          {"findings", findings},
          {"state", state}};
}

json InventoryToJson(const Inventory& inventory) {
  json out{{"schema", "motley.devices/1"}, {"devices", json::array()}};
  for (const InventoryEntry& entry : inventory.devices)
    out["devices"].push_back(EntryToJson(entry));
  return out;
}

}  // namespace motley
