#include <algorithm>
#include <map>
#include <set>

#include "backends/discover.h"
#include "backends/discover/cases.h"
#include "backends/discover/sysfs/ids.h"
#include "backends/discover/sysfs/pci_address.h"
#include "backends/discover/sysfs/tree.h"

namespace motley {
namespace {

// Every prefix and number of "amd12"; ids without a number come first.
std::pair<std::string, uint64_t> IdOrder(const std::string& id) {
  const size_t digits = id.find_last_not_of("0123456789") + 1;
  const auto number = ParseNumber(std::string_view(id).substr(digits));
  return {id.substr(0, digits), number ? *number + 1 : 0};
}

std::optional<PciAddress> AddressOf(const DeviceInfo& info) { return ParsePciAddress(info.pci); }

void SetState(InventoryEntry& entry) {
  if (entry.findings.empty()) return;
  const Finding& worst = entry.findings.front();
  entry.info.state = worst.state;
  entry.info.reason = worst.reason;
  entry.info.fix = worst.fix;
}

uint64_t MemoryOf(const PciFunction& function) {
  for (const char* name : {"mem_info_vram_total", "nvidia_numa_bytes"}) {
    const auto found = function.attributes.find(name);
    if (found == function.attributes.end()) continue;
    const bool hexadecimal = std::string_view(name) == "nvidia_numa_bytes";
    const auto bytes = ParseNumber((hexadecimal ? "0x" : "") + found->second);
    if (bytes && *bytes > 0) return *bytes;
  }
  return 0;
}

// What the bus alone tells of a device that no backend answered for.
DeviceInfo InfoOf(const PciFunction& function, std::string id) {
  DeviceInfo info;
  info.id = std::move(id);
  info.kind = KindOf(RoleOf(function));
  info.name = function.name;
  info.pci = function.address;
  info.numa_node = function.numa_node;
  info.driver_name = function.driver;
  info.memory_bytes = MemoryOf(function);
  for (const char* name : {"nvidia_uuid", "unique_id"})
    if (const auto found = function.attributes.find(name); found != function.attributes.end())
      info.uuid = found->second;
  return info;
}

// What the bus knows and the backend did not say.
void Complete(DeviceInfo& info, const PciFunction& function) {
  info.pci = function.address;
  if (info.numa_node < 0) info.numa_node = function.numa_node;
  if (info.driver_name.empty()) info.driver_name = function.driver;
}

InventoryEntry Probed(const MachineFacts& facts, const DeviceInfo& info,
                      const PciFunction* function) {
  InventoryEntry entry{.info = info};
  if (function == nullptr) {
    entry.findings = Diagnose(facts, info);
  } else {
    entry.function = *function;
    entry.findings = Diagnose(facts, *function, &info);
    Complete(entry.info, *function);
  }
  SetState(entry);
  return entry;
}

InventoryEntry Unprobed(const MachineFacts& facts, const PciFunction& function, std::string id) {
  InventoryEntry entry{.info = InfoOf(function, std::move(id)), .function = function};
  entry.findings = Diagnose(facts, function, nullptr);
  entry.info.state = "no-backend";
  entry.info.reason = "no backend of this installation answered for it";
  entry.info.fix = "motley doctor says what is missing";
  SetState(entry);
  return entry;
}

}  // namespace

std::vector<InventoryEntry> JoinDevices(const MachineFacts& facts) {
  std::map<PciAddress, const PciFunction*> by_address;
  for (const PciFunction& function : facts.functions)
    if (const auto address = ParsePciAddress(function.address)) by_address[*address] = &function;
  std::vector<InventoryEntry> entries;
  std::set<std::string> ids;
  std::set<PciAddress> answered;
  bool cpu_probed = false;
  const auto add = [&](const DeviceInfo& info) {
    const auto address = AddressOf(info);
    const auto found = address ? by_address.find(*address) : by_address.end();
    const bool on_bus = found != by_address.end();
    if (on_bus) answered.insert(*address);
    ids.insert(info.id);
    entries.push_back(Probed(facts, info, on_bus ? found->second : nullptr));
  };
  for (const DeviceInfo& info : facts.probed) {
    cpu_probed = cpu_probed || info.kind == "cpu";
    add(info);
  }
  if (!cpu_probed)
    for (const DeviceInfo& info : facts.cpus) add(info);
  std::map<std::string, int> next;
  for (const auto& [address, function] : by_address) {
    if (RoleOf(*function) == PciRole::kNone || answered.count(address) != 0) continue;
    const std::string prefix(IdPrefix(*function));
    std::string id = prefix + std::to_string(next[prefix]++);
    while (!ids.insert(id).second) id = prefix + std::to_string(next[prefix]++);
    entries.push_back(Unprobed(facts, *function, id));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const InventoryEntry& a, const InventoryEntry& b) {
                     return IdOrder(a.info.id) < IdOrder(b.info.id);
                   });
  return entries;
}

}  // namespace motley
