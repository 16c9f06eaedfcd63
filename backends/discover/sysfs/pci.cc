#include "backends/discover/sysfs/pci.h"

#include <algorithm>
#include <map>

#include "backends/discover/sysfs/ids.h"
#include "backends/discover/sysfs/pci_address.h"

namespace motley {
namespace {

const std::string kDevices = "sys/bus/pci/devices";
constexpr int kLaneLimit = 32;  // 255 is the kernel's word for unknown

// Of accelerators; read as they are.
constexpr const char* kAttributes[] = {
    "boot_vga",
    "enable",
    "resource",
    "power_state",
    "power/runtime_status",
    "reset_method",
    "sriov_numvfs",
    "sriov_totalvfs",
    "mem_info_vram_total",
    "mem_info_vram_used",
    "mem_info_vis_vram_total",
    "unique_id",
    "vbios_version",
    "current_compute_partition",
    "current_memory_partition",
    "power_dpm_force_performance_level",
    "ras/features",
};

std::string Folder(const std::string& address) { return kDevices + "/" + address; }

int Lanes(const Tree& tree, const std::string& path) {
  const int64_t lanes = tree.Number(path).value_or(0);
  return lanes > 0 && lanes <= kLaneLimit ? static_cast<int>(lanes) : 0;
}

// Vendor, device and class where their own files are missing: the first bytes of the standard
// configuration header, little-endian.
void ReadHeader(const Tree& tree, const std::string& folder, PciFunction& function) {
  const std::string config = tree.Bytes(folder + "/config", 64);
  if (config.size() < 12) return;
  const auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(config[i]));
  };
  if (function.vendor == 0) function.vendor = byte(0) | byte(1) << 8;
  if (function.device == 0) function.device = byte(2) | byte(3) << 8;
  if (function.class_code == 0) function.class_code = byte(9) | byte(10) << 8 | byte(11) << 16;
}

void ReadIds(const Tree& tree, const std::string& folder, PciFunction& function) {
  const auto id = [&](const char* name, uint32_t limit) {
    return ParseHex(tree.Text(folder + "/" + name), limit).value_or(0);
  };
  function.vendor = id("vendor", 0xffff);
  function.device = id("device", 0xffff);
  function.subsystem_vendor = id("subsystem_vendor", 0xffff);
  function.subsystem_device = id("subsystem_device", 0xffff);
  function.class_code = id("class", 0xffffff);
  if (function.vendor == 0 || function.device == 0 || function.class_code == 0)
    ReadHeader(tree, folder, function);
}

void ReadLink(const Tree& tree, const std::string& folder, PciLink& link) {
  link.generation = LinkGeneration(tree.Text(folder + "/current_link_speed"));
  link.lanes = Lanes(tree, folder + "/current_link_width");
  link.max_generation = LinkGeneration(tree.Text(folder + "/max_link_speed"));
  link.max_lanes = Lanes(tree, folder + "/max_link_width");
}

// The addresses on the way: sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0.
void ReadBridges(const Tree& tree, const std::string& folder, PciFunction& function) {
  const std::string real = tree.Resolve(folder);
  for (size_t at = 0; at < real.size();) {
    const size_t end = std::min(real.find('/', at), real.size());
    const auto address = ParsePciAddress(std::string_view(real).substr(at, end - at));
    if (address && end < real.size()) function.bridges.push_back(ToString(*address));
    at = end + 1;
  }
}

// NVIDIA's driver tells in proc what it drives, also where sysfs was not recorded.
void ReadNvidiaDriver(const Tree& tree, PciFunction& function) {
  const std::string folder = "proc/driver/nvidia/gpus/" + function.address;
  if (!tree.IsFolder(folder)) return;
  if (function.vendor == 0) function.vendor = kNvidia;
  if (function.driver.empty()) function.driver = "nvidia";
  const auto field = [](const std::string& text, std::string_view key) -> std::string {
    const size_t at = text.find(key);
    if (at == std::string::npos) return {};
    const size_t from = at + key.size();
    return std::string(Trimmed(std::string_view(text).substr(from, text.find('\n', from) - from)));
  };
  const std::string information = tree.Text(folder + "/information");
  const std::string numa = tree.Text(folder + "/numa_status");
  for (const auto& [name, value] : {std::pair("nvidia_model", field(information, "Model:")),
                                    std::pair("nvidia_uuid", field(information, "GPU UUID:")),
                                    std::pair("nvidia_numa_node", field(numa, "Node:")),
                                    std::pair("nvidia_numa_bytes", field(numa, "Size:"))})
    if (!value.empty()) function.attributes[name] = value;
}

// "RxErr 0\n...\nTOTAL_ERR_COR 3": the last number.
std::string LastWord(const std::string& text) { return text.substr(text.find_last_of(" \n") + 1); }

void ReadAttributes(const Tree& tree, const std::string& folder, PciFunction& function) {
  auto& attributes = function.attributes;
  const auto keep = [&](const std::string& name, const std::string& text) {
    if (!text.empty()) attributes[name] = text;
  };
  for (const char* name : kAttributes) keep(name, tree.Text(folder + "/" + name));
  for (const char* name : {"fatal", "nonfatal", "correctable"})
    keep(std::string("aer_") + name, LastWord(tree.Text(folder + "/aer_dev_" + name)));
  for (const char* name : {"iommu_group", "physfn"}) keep(name, tree.LinkName(folder + "/" + name));
  std::string nodes;
  for (const std::string& name : tree.List(folder + "/drm")) {
    nodes += (nodes.empty() ? "" : " ") + name;
    keep("throttle_reason_status",
         tree.Text(folder + "/drm/" + name + "/gt/gt0/throttle_reason_status"));
  }
  keep("drm", nodes);
  for (const std::string& name : tree.List(folder + "/hwmon"))
    for (const char* sensor : {"temp1", "temp2", "temp3"})
      for (const char* what : {"_input", "_crit"})
        keep(std::string("hwmon/") + sensor + what,
             tree.Text(folder + "/hwmon/" + name + "/" + sensor + what));
}

PciFunction ReadFunction(const Tree& tree, const std::string& name, const PciAddress& address) {
  PciFunction function;
  function.address = ToString(address);
  const std::string folder = Folder(name);
  ReadIds(tree, folder, function);
  function.driver = tree.LinkName(folder + "/driver");
  const int64_t node = tree.Number(folder + "/numa_node").value_or(-1);
  function.numa_node = node >= 0 && node < 4096 ? static_cast<int>(node) : -1;
  ReadLink(tree, folder, function.link);
  ReadBridges(tree, folder, function);
  ReadNvidiaDriver(tree, function);
  if (RoleOf(function) != PciRole::kNone) ReadAttributes(tree, folder, function);
  return function;
}

// What the slot can do, and the link that the slot sees of a card with a switch of its own.
void SetSlots(std::vector<PciFunction>& functions) {
  std::map<std::string, const PciFunction*> by_address;
  for (const PciFunction& function : functions) by_address[function.address] = &function;
  const auto above = [&](const PciFunction& function, size_t up) -> const PciFunction* {
    if (function.bridges.size() < up) return nullptr;
    const auto found = by_address.find(function.bridges[function.bridges.size() - up]);
    return found == by_address.end() ? nullptr : found->second;
  };
  for (PciFunction& function : functions) {
    const bool is_card = RoleOf(function) != PciRole::kNone;
    size_t up = 1;
    const PciFunction* port = above(function, up);
    while (is_card && port != nullptr && IsPortOfCard(port->vendor, port->device)) {
      function.link = port->link;
      port = above(function, ++up);
    }
    if (port == nullptr) continue;
    function.link.slot_generation = port->link.max_generation;
    function.link.slot_lanes = port->link.max_lanes;
  }
}

}  // namespace

int LinkGeneration(std::string_view speed) {
  constexpr std::pair<std::string_view, int> kSpeeds[] = {
      {"2.5", 1},  {"5", 2},  {"5.0", 2},  {"8", 3},  {"8.0", 3},  {"16", 4},
      {"16.0", 4}, {"32", 5}, {"32.0", 5}, {"64", 6}, {"64.0", 6}, {"128.0", 7}};
  const size_t unit = speed.find(" GT/s");
  if (unit == std::string_view::npos) return 0;
  for (const auto& [text, generation] : kSpeeds)
    if (speed.substr(0, unit) == text) return generation;
  return 0;
}

std::vector<PciFunction> ReadPciFunctions(const Tree& tree) {
  std::map<PciAddress, PciFunction> functions;
  for (const std::string& name : tree.List(kDevices)) {
    const auto address = ParsePciAddress(name);
    if (!address || functions.count(*address) != 0) continue;
    PciFunction function = ReadFunction(tree, name, *address);
    const bool nothing = function.vendor == 0 && function.device == 0 && function.class_code == 0;
    if (!nothing) functions.emplace(*address, std::move(function));
  }
  std::vector<PciFunction> sorted;
  for (auto& [address, function] : functions) sorted.push_back(std::move(function));
  SetSlots(sorted);
  NameFunctions(tree, sorted);
  return sorted;
}

}  // namespace motley
