#include "backends/discover/cases/diagnose.h"

#include <algorithm>
#include <array>

namespace motley {
namespace {

constexpr std::array<std::string_view, 7> kWorstFirst = {
    "quarantined", "failed", "no-driver", "no-access", "no-backend", "degraded", "ready"};

size_t RankOf(const Finding& finding) {
  return std::find(kWorstFirst.begin(), kWorstFirst.end(), finding.state) - kWorstFirst.begin();
}

// vfio-pci and its variants, and Xen's.
bool IsSetAside(const std::string& driver) {
  return driver.find("vfio") != driver.npos || driver.find("pciback") != driver.npos;
}

Findings DriverOf(const Subject& subject) {
  const PciFunction& function = subject.function;
  if (IsSetAside(function.driver))
    return {Meet(163, "set aside for a virtual machine by " + function.driver,
                 {{"pci", function.address}})};
  const PciRole role = RoleOf(function);
  if (role == PciRole::kDisplay) return {Meet(137, "draws a console; it cannot compute")};
  if (role == PciRole::kFpga) return DriverOfFpga(subject);
  if (role == PciRole::kGpu && function.vendor == kNvidia) return DriverOfNvidia(subject);
  if (role == PciRole::kGpu && function.vendor == kAmd) return DriverOfAmd(subject);
  if (role == PciRole::kGpu && function.vendor == kIntel) return DriverOfIntel(subject);
  return DriverOfAccelerator(subject);
}

// A backend that failed as a whole, so that none of its devices is known.
const DeviceInfo* FailedOpenCl(const MachineFacts& facts) {
  for (const DeviceInfo& probed : facts.probed)
    if (probed.backend == "opencl" && probed.state == "failed" && probed.id == probed.backend)
      return &probed;
  return nullptr;
}

Findings BackendOf(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  if (RoleOf(subject.function) == PciRole::kFpga) return BackendOfFpga(subject);
  if (!HasLibrary(facts, "libOpenCL.so"))
    return {Meet(130, "the OpenCL loader is missing, so no OpenCL device is seen")};
  if (const DeviceInfo* failed = FailedOpenCl(facts)) return AnswerOf(*failed);
  if (subject.function.vendor == kNvidia) return BackendOfNvidia(subject);
  if (subject.function.vendor == kAmd) return BackendOfAmd(subject);
  return BackendOfIntel(subject);
}

bool OnlyBusIsRecorded(const MachineFacts& facts) {
  return !facts.root.empty() && facts.nodes.empty() && facts.libraries.empty();
}

// Why no backend answered for it.
Findings Missing(const Subject& subject) {
  Findings findings = DriverOf(subject);
  if (!findings.empty()) return findings;
  if (OnlyBusIsRecorded(subject.facts))
    return {Meet(168, subject.function.driver + " is bound; more was not recorded")};
  findings = AccessTo(subject);
  return findings.empty() ? BackendOf(subject) : findings;
}

}  // namespace

std::vector<Finding> Diagnose(const MachineFacts& facts, const PciFunction& function,
                              const DeviceInfo* probed) {
  const Subject subject{facts, function, probed};
  Findings findings = probed == nullptr ? Missing(subject) : AnswerOf(*probed);
  if (RoleOf(function) != PciRole::kDisplay) {
    for (Finding& more : ConditionOf(subject)) findings.push_back(std::move(more));
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return RankOf(a) < RankOf(b); });
  return ForUser(facts, std::move(findings));
}

std::vector<Finding> Diagnose(const MachineFacts& facts, const DeviceInfo& probed) {
  return ForUser(facts, AnswerOf(probed));
}

}  // namespace motley
