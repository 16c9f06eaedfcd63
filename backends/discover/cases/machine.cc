#include <algorithm>
#include <sstream>

#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

constexpr int64_t kLockedEnough = int64_t{1} << 30;

bool HasComputeCard(const MachineFacts& facts) {
  return std::any_of(facts.functions.begin(), facts.functions.end(), [](const PciFunction& f) {
    const PciRole role = RoleOf(f);
    return role == PciRole::kGpu || role == PciRole::kFpga || role == PciRole::kAccelerator;
  });
}

void AddOpenCl(const MachineFacts& facts, Findings& findings) {
  if (!facts.root.empty() && facts.libraries.empty()) return;  // not recorded
  if (!HasLibrary(facts, "libOpenCL.so")) {
    findings.push_back(Meet(130, "libOpenCL.so.1 is missing, so no OpenCL device is seen"));
    return;
  }
  const bool any = std::any_of(facts.libraries.begin(), facts.libraries.end(),
                               [](const std::string& path) { return path.ends_with(".icd"); });
  if (!any) findings.push_back(Meet(186, "no OpenCL implementation in /etc/OpenCL/vendors"));
}

// The soft limit of "Max locked memory         8388608              8388608              bytes".
void AddLockedMemory(const MachineFacts& facts, Findings& findings) {
  const std::string limits = Attribute(facts, "proc/self/limits");
  constexpr std::string_view kRow = "Max locked memory";
  const size_t at = limits.find(kRow);
  if (at == limits.npos || !HasComputeCard(facts)) return;
  std::istringstream row(limits.substr(at + kRow.size()));
  std::string soft;
  row >> soft;
  const int64_t bytes = Number(soft);  // "unlimited" is no number
  if (bytes < 0 || bytes >= kLockedEnough) return;
  findings.push_back(Meet(187, "at most " + std::to_string(bytes >> 10) + " KiB may be locked",
                          {{"user", UserOf(facts)}}));
}

void AddHugePages(const MachineFacts& facts, Findings& findings) {
  const std::string mode = Attribute(facts, "sys/kernel/mm/transparent_hugepage/enabled");
  if (mode.find("[never]") == mode.npos) return;
  if (Number(Attribute(facts, "proc/sys/vm/nr_hugepages")) > 0) return;
  findings.push_back(Meet(188, "transparent huge pages are set to never"));
}

// "Filename Type Size Used Priority" and a row for each file or partition, in KiB.
void AddSwap(const MachineFacts& facts, Findings& findings) {
  std::istringstream table(Attribute(facts, "proc/swaps"));
  int64_t used_kib = 0;
  for (std::string line; std::getline(table, line);) {
    std::istringstream row(line);
    std::string name, type, size, used;
    row >> name >> type >> size >> used;
    used_kib += std::max<int64_t>(0, Number(used));
  }
  if (used_kib > 0)
    findings.push_back(Meet(189, std::to_string(used_kib >> 10) + " MiB are swapped out"));
}

void AddNumaBalancing(const MachineFacts& facts, Findings& findings) {
  if (Attribute(facts, "proc/sys/kernel/numa_balancing") != "1") return;
  const int nodes = CountOfList(Attribute(facts, "sys/devices/system/node/online"));
  if (nodes < 2) return;
  findings.push_back(
      Meet(190, "automatic NUMA balancing is on, with " + std::to_string(nodes) + " NUMA nodes"));
}

void AddContainer(const MachineFacts& facts, Findings& findings) {
  if (!facts.in_container || !facts.nodes.empty() || !HasComputeCard(facts)) return;
  findings.push_back(
      Meet(191, "cards are on the bus, but none of their nodes is in the container"));
}

// "200000 100000": microseconds of CPU time in each period; "max 100000" is no limit.
void AddCpuLimit(const MachineFacts& facts, Findings& findings) {
  std::istringstream limit(Attribute(facts, "sys/fs/cgroup/cpu.max"));
  std::string quota_text, period_text;
  limit >> quota_text >> period_text;
  const int64_t quota = Number(quota_text), period = Number(period_text);
  const int cpus = CountOfList(Attribute(facts, "sys/devices/system/cpu/online"));
  if (quota <= 0 || period <= 0 || quota / period >= cpus) return;
  const std::string tenths = std::to_string(quota * 10 / period % 10);
  findings.push_back(Meet(192,
                          "a quota gives " + std::to_string(quota / period) + "." + tenths +
                              " of " + std::to_string(cpus) + " CPUs",
                          {{"cpus", std::to_string(cpus)}}));
}

}  // namespace

std::vector<Finding> DiagnoseMachine(const MachineFacts& facts) {
  Findings findings;
  AddOpenCl(facts, findings);
  AddContainer(facts, findings);
  AddLockedMemory(facts, findings);
  AddHugePages(facts, findings);
  AddSwap(facts, findings);
  AddNumaBalancing(facts, findings);
  AddCpuLimit(facts, findings);
  return ForUser(facts, std::move(findings));
}

}  // namespace motley
