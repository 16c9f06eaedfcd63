#include "client/cli/doctor/checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "backends/discover/cases.h"

namespace motley {
namespace {

using Checks = std::vector<Check>;

bool IsUsable(const std::string& state) { return state == "ready" || state == "degraded"; }

Check FromFinding(const std::string& what, const Finding& finding) {
  return {IsUsable(finding.state) ? "warn" : "fail", what, finding.reason, CaseName(finding.code),
          finding.fix};
}

Check Ok(const std::string& what, const std::string& text) { return {"ok", what, text, "", ""}; }

void CheckDevice(const InventoryEntry& entry, Checks* checks) {
  const DeviceInfo& info = entry.info;
  for (const Finding& finding : entry.findings) checks->push_back(FromFinding(info.id, finding));
  if (!entry.findings.empty()) return;
  if (info.state == "ready") return checks->push_back(Ok(info.id, info.name + ", ready"));
  checks->push_back({"fail", info.id, info.name + ": " + info.reason, "", info.fix});
}

bool Has(const InventoryEntry& entry, const std::set<int>& codes, const std::string& state) {
  return std::ranges::any_of(
      entry.findings, [&](const Finding& f) { return codes.contains(f.code) || f.state == state; });
}

// What concerns all devices of the bus: where a device has the trouble, its own line tells.
void CheckBus(const Inventory& inventory, Checks* checks) {
  const std::set<int> link_cases = {108, 109, 113, 114};
  int cards = 0, links = 0, driverless = 0, closed = 0, bad_links = 0;
  for (const InventoryEntry& entry : inventory.devices) {
    if (!entry.function) continue;
    ++cards;
    links += entry.function->link.lanes > 0;
    driverless += Has(entry, {}, "no-driver");
    closed += Has(entry, {}, "no-access");
    bad_links += Has(entry, link_cases, "");
  }
  if (driverless == 0) {
    checks->push_back(Ok("drivers", cards == 0
                                        ? "no accelerator on the PCI bus needs one"
                                        : std::to_string(cards) + " on the bus, none lacks one"));
  }
  if (closed == 0) {
    const size_t nodes = inventory.facts.nodes.size();
    checks->push_back(Ok("permissions", nodes == 0 ? "no device node that could be closed"
                                                   : std::to_string(nodes) +
                                                         " device nodes, what is needed is open"));
  }
  if (bad_links == 0) {
    checks->push_back(Ok(
        "links", links == 0
                     ? "no PCIe link to an accelerator"
                     : std::to_string(links) + " PCIe links, none below what card and slot can"));
  }
}

const char* NameOf(int code) {
  static const std::map<int, const char*> kNames = {
      {130, "opencl"}, {186, "opencl"},         {187, "locked memory"}, {188, "huge pages"},
      {189, "swap"},   {190, "numa balancing"}, {191, "permissions"},   {192, "cpu limit"}};
  const auto found = kNames.find(code);
  return found == kNames.end() ? "machine" : found->second;
}

std::string Attribute(const MachineFacts& facts, const std::string& name) {
  const auto found = facts.attributes.find(name);
  return found == facts.attributes.end() ? "" : found->second;
}

// "always [madvise] never": the word in brackets.
std::string HugePages(const MachineFacts& facts) {
  const std::string modes = Attribute(facts, "sys/kernel/mm/transparent_hugepage/enabled");
  const size_t open = modes.find('['), close = modes.find(']');
  if (open == modes.npos || close == modes.npos || close < open) return "";
  const std::string reserved = Attribute(facts, "proc/sys/vm/nr_hugepages");
  return "transparent: " + modes.substr(open + 1, close - open - 1) +
         (reserved.empty() ? "" : ", reserved: " + reserved);
}

// The soft limit, in bytes or "unlimited".
std::string LockedMemory(const MachineFacts& facts) {
  const std::string limits = Attribute(facts, "proc/self/limits");
  constexpr std::string_view kRow = "Max locked memory";
  const size_t at = limits.find(kRow);
  if (at == limits.npos) return "";
  std::istringstream row(limits.substr(at + kRow.size()));
  std::string soft;
  row >> soft;
  return soft == "unlimited" ? soft : "at most " + soft + " bytes, enough for what is here";
}

std::string OpenCl(const MachineFacts& facts) {
  const auto count = std::ranges::count_if(
      facts.libraries, [](const std::string& path) { return path.ends_with(".icd"); });
  return count == 0 ? "" : "loader, and implementations: " + std::to_string(count);
}

}  // namespace

std::vector<Check> CheckMachine(const Inventory& inventory) {
  Checks checks;
  for (const InventoryEntry& entry : inventory.devices) CheckDevice(entry, &checks);
  const std::vector<Finding> findings = DiagnoseMachine(inventory.facts);
  std::set<std::string> told;
  for (const Finding& finding : findings) told.insert(NameOf(finding.code));
  Checks fine;
  CheckBus(inventory, &fine);
  for (const auto& [what, text] : {std::pair("opencl", OpenCl(inventory.facts)),
                                   std::pair("huge pages", HugePages(inventory.facts)),
                                   std::pair("locked memory", LockedMemory(inventory.facts))}) {
    if (!text.empty()) fine.push_back(Ok(what, text));
  }
  for (Check& check : fine) {
    if (!told.contains(check.what)) checks.push_back(std::move(check));
  }
  for (const Finding& finding : findings)
    checks.push_back(FromFinding(NameOf(finding.code), finding));
  return checks;
}

}  // namespace motley
