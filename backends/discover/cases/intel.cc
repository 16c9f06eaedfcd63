#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

enum class Part { kOld, kIntegrated, kArcA, kXe2, kMax };

struct Range {
  uint16_t first, last;
  Part part;
};
// Device ids from the tables of i915 and xe; what is in no range is integrated and served.
constexpr Range kRanges[] = {
    {0x0040, 0x0a83, Part::kOld},   // generation 5 to Haswell
    {0x0a85, 0x0bcf, Part::kOld},   // Haswell
    {0x0bd0, 0x0bdb, Part::kMax},   // Ponte Vecchio
    {0x0bdc, 0x15ff, Part::kOld},   // Cedarview, Haswell, Bay Trail
    {0x2500, 0x2eff, Part::kOld},   // chipsets
    {0x3577, 0x3582, Part::kOld},   // chipsets
    {0x4f80, 0x4f88, Part::kArcA},  // Alchemist
    {0x5690, 0x56c2, Part::kArcA},  // Alchemist, Flex
    {0x6420, 0x64b0, Part::kXe2},   // Lunar Lake
    {0x7120, 0x71ff, Part::kOld},   // chipsets
    {0x7800, 0x7800, Part::kOld},   // i740
    {0x8108, 0x8109, Part::kOld},   // Poulsbo
    {0xa001, 0xa011, Part::kOld},   // Pineview
    {0xe202, 0xe223, Part::kXe2},   // Battlemage
};

Part PartOf(uint16_t device) {
  for (const Range& range : kRanges)
    if (device >= range.first && device <= range.last) return range.part;
  return Part::kIntegrated;
}

}  // namespace

Findings DriverOfIntel(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  const Part part = PartOf(subject.function.device);
  if (part == Part::kOld) return {Meet(136, "older than generation 8: nothing computes on it")};
  const std::string& driver = subject.function.driver;
  if (driver == "i915" || driver == "xe") return {};
  if (IsCloudKernel(facts))
    return {Meet(151, "the kernel " + facts.kernel_release + " has no graphics drivers")};
  const std::string& kernel = facts.kernel_release;
  if (part == Part::kMax)
    return {Meet(158, "Data Center GPU Max: its driver is not part of the kernel")};
  if (part == Part::kXe2 && OlderThan(kernel, 6, 12))
    return {Meet(157, "this GPU needs Linux 6.12, this is " + kernel)};
  if (part == Part::kArcA && OlderThan(kernel, 6, 2))
    return {Meet(156, "Arc A needs Linux 6.2, this is " + kernel)};
  const std::string module = part == Part::kXe2 ? "xe" : "i915";
  return {Meet(155, "the module " + module + " is not bound to it", {{"module", module}})};
}

Findings BackendOfIntel(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  const bool mesa = HasLibrary(facts, "rusticl.icd");
  if (PartOf(subject.function.device) == Part::kXe2) {
    if (mesa) return {Meet(135, "Mesa's OpenCL is not enabled for iris", {{"driver", "iris"}})};
    return {Meet(147, "Debian's intel-opencl-icd is older than this GPU")};
  }
  if (!HasLibrary(facts, "intel.icd"))
    return {Meet(134, "the driver is there, Intel's OpenCL library is not")};
  return {Meet(148, "Intel's OpenCL library is installed but does not show the GPU")};
}

}  // namespace motley
