#include <algorithm>
#include <sstream>

#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

constexpr uint64_t kSmallWindow = uint64_t{256} << 20, kLargeMemory = uint64_t{1} << 30;

// The less of two limits, where 0 is one that is not known.
int Limit(int card, int slot) {
  if (card == 0 || slot == 0) return std::max(card, slot);
  return std::min(card, slot);
}

std::string Lanes(int lanes) { return "x" + std::to_string(lanes); }
std::string Generation(int generation) { return "generation " + std::to_string(generation); }

void AddLink(const Subject& subject, Findings& findings) {
  const PciLink& link = subject.function.link;
  const std::string& pci = subject.function.address;
  const int lanes = Limit(link.max_lanes, link.slot_lanes);
  const int generation = Limit(link.max_generation, link.slot_generation);
  if (link.lanes > 0 && link.lanes < lanes) {
    const std::string can = link.slot_lanes > 0 && link.slot_lanes <= link.max_lanes
                                ? "slot is " + Lanes(link.slot_lanes)
                                : "card is " + Lanes(link.max_lanes);
    findings.push_back(Meet(114, can + ", link trained at " + Lanes(link.lanes), {{"pci", pci}}));
  }
  // An idle graphics card slows its link to save power.
  if (link.generation > 0 && link.generation < generation &&
      RoleOf(subject.function) != PciRole::kGpu) {
    findings.push_back(Meet(113,
                            "card and slot can do " + Generation(generation) +
                                ", link trained at " + Generation(link.generation),
                            {{"pci", pci}}));
  }
  if (link.slot_lanes > 0 && link.slot_lanes < link.max_lanes) {
    findings.push_back(
        Meet(101, "card is " + Lanes(link.max_lanes) + ", slot is " + Lanes(link.slot_lanes),
             {{"pci", pci}}));
  }
  if (link.slot_generation > 0 && link.slot_generation < link.max_generation) {
    findings.push_back(Meet(102,
                            "card can do PCIe " + Generation(link.max_generation) + ", slot " +
                                Generation(link.slot_generation),
                            {{"pci", pci}}));
  }
}

// Of the kernel's "start end flags", a line for each region: bytes of the largest.
uint64_t LargestRegion(const std::string& resource) {
  uint64_t largest = 0;
  std::istringstream lines(resource);
  lines >> std::hex;
  for (uint64_t start = 0, end = 0, flags = 0; lines >> start >> end >> flags;)
    if (end > start) largest = std::max(largest, end - start + 1);
  return largest;
}

// Bytes of its own memory and of what the host can address of it; 0: not known, or not its own.
std::pair<uint64_t, uint64_t> MemoryAndWindow(const Subject& subject) {
  const PciFunction& function = subject.function;
  const int64_t memory = Number(Attribute(function, "mem_info_vram_total"));
  const int64_t window = Number(Attribute(function, "mem_info_vis_vram_total"));
  if (memory > 0 && window > 0) return {memory, window};
  // An integrated GPU is on the root bus, and its memory is the machine's.
  if (subject.probed == nullptr || function.bridges.empty() || function.vendor == kAmd) return {};
  return {subject.probed->memory_bytes, LargestRegion(Attribute(function, "resource"))};
}

void AddMemory(const Subject& subject, Findings& findings) {
  const PciFunction& function = subject.function;
  const auto [memory, window] = MemoryAndWindow(subject);
  if (window > 0 && window <= kSmallWindow && memory > kLargeMemory) {
    findings.push_back(Meet(103,
                            "the host sees " + std::to_string(window >> 20) + " of " +
                                std::to_string(memory >> 20) + " MiB at a time",
                            {{"pci", function.address}}));
  }
  // Only cards that can correct have this file: "feature mask: 0x0".
  if (Attribute(function, "ras/features") == "feature mask: 0x0")
    findings.push_back(Meet(104, "error correction (RAS) of the card's memory is off"));
}

// amdgpu and i915 tell by different files.
bool IsThrottled(const PciFunction& function, std::string& reason) {
  if (Attribute(function, "throttle_reason_status") == "1") {
    reason = "the driver holds its clocks down";
    return true;
  }
  for (const char* sensor : {"temp1", "temp2", "temp3"}) {
    const int64_t now = Number(Attribute(function, std::string("hwmon/") + sensor + "_input"));
    const int64_t most = Number(Attribute(function, std::string("hwmon/") + sensor + "_crit"));
    if (most <= 0 || now < most) continue;
    reason = "at " + std::to_string(now / 1000) + " of at most " + std::to_string(most / 1000) +
             " degrees";
    return true;
  }
  return false;
}

void AddErrors(const PciFunction& function, Findings& findings) {
  for (const auto& [name, code] : {std::pair("aer_fatal", 108), std::pair("aer_nonfatal", 109)}) {
    const int64_t count = Number(Attribute(function, name));
    if (count <= 0) continue;
    findings.push_back(Meet(code,
                            std::to_string(count) + (code == 108 ? " fatal" : " uncorrectable") +
                                " PCIe errors since the start",
                            {{"pci", function.address}}));
  }
}

}  // namespace

Findings ConditionOf(const Subject& subject) {
  const PciFunction& function = subject.function;
  Findings findings;
  const bool asleep = Attribute(function, "power_state").starts_with("D3");
  if (asleep && subject.probed == nullptr && !function.driver.empty()) {
    findings.push_back(Meet(107, "in power state " + Attribute(function, "power_state"),
                            {{"pci", function.address}}));
  }
  AddErrors(function, findings);
  if (!asleep) AddLink(subject, findings);  // a sleeping card has no link to judge
  AddMemory(subject, findings);
  std::string reason;
  if (IsThrottled(function, reason)) findings.push_back(Meet(105, reason));
  if (Attribute(function, "power_dpm_force_performance_level") == "low")
    findings.push_back(Meet(106, "its clocks are forced low", {{"pci", function.address}}));
  const int nodes = CountOfList(Attribute(subject.facts, "sys/devices/system/node/online"));
  if (function.numa_node < 0 && nodes > 1) {
    findings.push_back(Meet(110,
                            "which of " + std::to_string(nodes) + " NUMA nodes it is on is unknown",
                            {{"pci", function.address}}));
  }
  return findings;
}

}  // namespace motley
