#include "tests/backends/discover/cases/box.h"

namespace motley {
namespace {

const std::string kVendors = "/etc/OpenCL/vendors/";
const std::string kLoader = "/usr/lib/x86_64-linux-gnu/libOpenCL.so.1";
const std::string kCuda = "/usr/lib/x86_64-linux-gnu/libcuda.so.1";
constexpr const char* kModule = "sys/module/nvidia/version";
constexpr const char* kLockdown = "sys/kernel/security/lockdown";

Box Nvidia(uint16_t device = 0x2204) {
  return Box::Nvidia(device).Bound("nvidia").Node("/dev/nvidia0", "video", true);
}
Box Amd(uint16_t device = 0x73bf) {
  return Box::Amd(device).Bound("amdgpu").Node("/dev/dri/renderD128", "render", true);
}
Box Intel(uint16_t device) {
  return Box::Intel(device).Bound("i915").Node("/dev/dri/renderD128", "render", true);
}
Box Xocl() { return Box::Alveo(0x505d).Bound("xocl").Node("/dev/dri/renderD128", "render", true); }

}  // namespace

std::vector<Scenario> BackendScenarios() {
  const Box amd = Amd().Library(kLoader);
  const Box old_amd = Amd(0x67df).Library(kLoader);
  const Box intel = Intel(0x56a0).Library(kLoader);
  const Box xe2 = Intel(0xe20b).Library(kLoader);
  return {
      {130, "NoLoader", Nvidia(), Nvidia().Library(kLoader)},
      {131, "NoXrt", Xocl(), Xocl().Library("/opt/xilinx/xrt/lib/libxrt_coreutil.so.2")},
      {132, "NoNvidiaIcd", Nvidia().Library(kLoader),
       Nvidia().Library(kLoader).Library(kVendors + "nvidia.icd")},
      {133, "NoAmdIcd", amd, amd.Library(kVendors + "amdocl64.icd")},
      {133, "NotOfRocm", amd, old_amd},
      {134, "NoIntelIcd", intel, intel.Library(kVendors + "intel.icd")},
      {135, "RusticlOff", amd.Library(kVendors + "rusticl.icd"), amd},
      {135, "RusticlOffForIris", xe2.Library(kVendors + "rusticl.icd"), xe2},
      {136, "OldIntel", Intel(0x0166), Intel(0x1912)},
      {137, "ServerVga", Box::Card(0x1a03, 0x2000, 0x030000), Box::Intel(0x1912)},
      {138, "Fermi", Box::Nvidia(0x06d1), Box::Nvidia(0x1180)},
      {138, "OlderThanFermi", Box::Nvidia(0x05e7), Box::Nvidia(0x13f2)},
      {138, "OfAnIdThatIsTold", Box::Nvidia(0x05e7), Box::Nvidia(0)},
      {139, "BeforeGcn", Box::Amd(0x6779).Bound("radeon"), Box::Amd(0x6798).Bound("radeon")},
      {147, "NewIntel", xe2, intel},
      {148, "IcdDoesNotShowIt", Nvidia().Library(kLoader).Library(kVendors + "nvidia.icd"),
       Nvidia().Library(kLoader).Library(kVendors + "intel.icd")},
      {149, "NoRocmForIt", old_amd, amd},
  };
}

std::vector<Scenario> NvidiaScenarios() {
  const Box bare = Box::Nvidia(0x2204);
  const Box installed = bare.Library(kCuda);
  const Box locked = installed.Fact(kLockdown, "none [integrity] confidentiality");
  const Box kepler = Box::Nvidia(0x102d), blackwell = Box::Nvidia(0x2b85);
  return {
      {140, "NothingInstalled", bare, installed},
      {141, "Nouveau", bare.Bound("nouveau"), bare.Bound("nvidia")},
      {142, "ModuleNotBuilt", installed, locked},
      {143, "SecureBoot", locked, installed.Fact(kLockdown, "[none] integrity confidentiality")},
      {144, "KeplerWithoutDriver", kepler, bare},
      {144, "KeplerUnder535", kepler.Module("nvidia").Fact(kModule, "535.247.01"),
       kepler.Module("nvidia").Fact(kModule, "470.256.02")},
      {144, "KeplerUnderNouveau", kepler.Bound("nouveau"), kepler.Bound("nvidia")},
      {145, "BlackwellWithoutDriver", blackwell, bare},
      {145, "BlackwellUnder535", blackwell.Module("nvidia").Fact(kModule, "535.247.01"),
       blackwell.Bound("nvidia").Fact(kModule, "570.86.16")},
      {146, "LoadedButNotBound", bare.Module("nvidia").Fact(kModule, "535.247.01"),
       bare.Bound("nvidia").Fact(kModule, "535.247.01")},
  };
}

}  // namespace motley
