#include <algorithm>

#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

enum class Arch { kOlder, kFermi, kKepler, kServed, kBlackwell };

struct Range {
  uint16_t first, last;
  Arch arch;
};
// Device ids by chip, from pci.ids; what is in no range is Maxwell to Hopper from 0x1340 on.
constexpr Range kRanges[] = {
    {0x0000, 0x0000, Arch::kServed},  // the machine does not tell
    {0x06c0, 0x06df, Arch::kFermi},   // GF100
    {0x0dc0, 0x0e3f, Arch::kFermi},   // GF104, GF106, GF108
    {0x0f00, 0x0f0f, Arch::kFermi},   // GF108
    {0x0fc0, 0x103f, Arch::kKepler},  // GK107, GK110, GK210
    {0x1040, 0x109f, Arch::kFermi},   // GF119, GF110
    {0x1140, 0x117f, Arch::kFermi},   // GF117
    {0x1180, 0x11ff, Arch::kKepler},  // GK104, GK106
    {0x1200, 0x127f, Arch::kFermi},   // GF114, GF116
    {0x1280, 0x12ff, Arch::kKepler},  // GK208
    {0x1340, 0x28ff, Arch::kServed},  // GM107 to AD107, GA100 and GH100 among them
    {0x2900, 0xffff, Arch::kBlackwell},
};

Arch ArchOf(uint16_t device) {
  for (const Range& range : kRanges)
    if (device >= range.first && device <= range.last) return range.arch;
  return Arch::kOlder;
}

// 535 of "535.247.01", 0 where no module is loaded.
int64_t MajorOf(const std::string& version) {
  return std::max<int64_t>(0, Number(version.substr(0, version.find('.'))));
}

Finding Loaded(const Subject& subject, const std::string& version) {
  return Meet(146,
              "the nvidia module " + version + (version.empty() ? "" : " ") +
                  "is loaded but not bound to the card",
              {{"pci", subject.function.address}});
}

// Maxwell to Hopper, which Debian's driver serves.
Finding NotBound(const Subject& subject, const std::string& version) {
  const MachineFacts& facts = subject.facts;
  if (subject.function.driver == "nouveau")
    return Meet(141, "nouveau is bound to the card; it does not compute");
  if (HasModule(facts, "nvidia")) return Loaded(subject, version);
  if (!HasLibrary(facts, "libcuda.so") && !HasLibrary(facts, "libnvidia-ml.so"))
    return Meet(140, "no NVIDIA driver is installed");
  const std::string lockdown = Attribute(facts, "sys/kernel/security/lockdown");
  if (lockdown.find("[integrity]") != lockdown.npos ||
      lockdown.find("[confidentiality]") != lockdown.npos)
    return Meet(143, "NVIDIA's driver is installed, but secure boot keeps its module out");
  const std::string kernel = facts.kernel_release.empty() ? "$(uname -r)" : facts.kernel_release;
  return Meet(142, "NVIDIA's driver is installed, but its module is not loaded into " + kernel,
              {{"kernel", kernel}});
}

}  // namespace

Findings DriverOfNvidia(const Subject& subject) {
  const Arch arch = ArchOf(subject.function.device);
  if (arch == Arch::kOlder || arch == Arch::kFermi) {
    return {Meet(138, arch == Arch::kFermi ? "Fermi: CUDA 8.0 and driver 390 were its last"
                                           : "older than Fermi: CUDA 6.5 was its last")};
  }
  if (subject.function.driver == "nvidia") return {};
  const std::string version = Attribute(subject.facts, "sys/module/nvidia/version");
  const int64_t major = MajorOf(version);
  if (arch == Arch::kKepler) {
    if (major > 0 && major <= 470) return {Loaded(subject, version)};
    return {Meet(144, "a Kepler card, which drivers after 470 do not serve" +
                          (major > 0 ? "; " + version + " is loaded" : std::string()))};
  }
  if (arch == Arch::kBlackwell && (major > 0 || subject.function.driver == "nouveau" ||
                                   !HasLibrary(subject.facts, "libcuda.so"))) {
    return {Meet(145, "a Blackwell card, which needs the open module of driver 570 or newer" +
                          (major > 0 ? "; " + version + " is loaded" : std::string()))};
  }
  return {NotBound(subject, version)};
}

Findings BackendOfNvidia(const Subject& subject) {
  const std::string version = Attribute(subject.facts, "sys/module/nvidia/version");
  if (!HasLibrary(subject.facts, "nvidia.icd")) {
    const bool legacy = MajorOf(version) == 470;
    return {Meet(132, "the driver is there, NVIDIA's OpenCL library is not",
                 {{"package", legacy ? "nvidia-tesla-470-opencl-icd" : "nvidia-opencl-icd"}})};
  }
  return {Meet(148, "NVIDIA's OpenCL library is installed but does not show the card")};
}

}  // namespace motley
