#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

enum class Rocm { kServes, kNo };
struct Range {
  uint16_t first, last;
  std::string_view gfx;  // "": before GCN
  Rocm rocm = Rocm::kNo;
  int kernel_minor = 0;  // of the first Linux 6 that serves it, 0: that of Debian 12 does
};
// Device ids by chip, from pci.ids and the tables of amdgpu; ROCm by the list of ROCm 7.
constexpr Range kRanges[] = {
    {0x1304, 0x131d, "gfx700"},                      // Kaveri
    {0x150e, 0x150e, "gfx1150", Rocm::kNo, 11},      // Strix
    {0x1586, 0x1586, "gfx1151", Rocm::kNo, 11},      // Strix Halo
    {0x15bf, 0x15c8, "gfx1103"},                     // Phoenix
    {0x15d8, 0x15dd, "gfx902"},                      // Picasso, Raven
    {0x1636, 0x164c, "gfx90c"},                      // Renoir, Cezanne, Lucienne
    {0x164d, 0x1681, "gfx1035"},                     // Rembrandt, Raphael
    {0x3150, 0x5fff, ""},                            // R100 to R500
    {0x6600, 0x663f, "gfx601"},                      // Oland
    {0x6640, 0x665f, "gfx704"},                      // Bonaire
    {0x6660, 0x667f, "gfx602"},                      // Hainan
    {0x66a0, 0x66af, "gfx906"},                      // Vega 20
    {0x6700, 0x677f, ""},                            // Cayman, Barts, Turks, Caicos
    {0x6780, 0x679f, "gfx600"},                      // Tahiti
    {0x67a0, 0x67bf, "gfx701"},                      // Hawaii
    {0x67c0, 0x67ff, "gfx803"},                      // Polaris 10, 11
    {0x6800, 0x683f, "gfx601"},                      // Pitcairn, Cape Verde
    {0x6840, 0x685f, ""},                            // Thames, Lombok
    {0x6860, 0x687f, "gfx900"},                      // Vega 10
    {0x6880, 0x68ff, ""},                            // Evergreen
    {0x6900, 0x6907, "gfx802"},                      // Iceland
    {0x6920, 0x693f, "gfx802"},                      // Tonga
    {0x694c, 0x694f, "gfx803"},                      // Vega M
    {0x6980, 0x699f, "gfx803"},                      // Polaris 12
    {0x69a0, 0x69af, "gfx904"},                      // Vega 12
    {0x6fdf, 0x6fdf, "gfx803"},                      // Polaris 20
    {0x7100, 0x72ff, ""},                            // R500
    {0x7300, 0x730f, "gfx803"},                      // Fiji
    {0x7310, 0x731f, "gfx1010"},                     // Navi 10
    {0x7340, 0x734f, "gfx1012"},                     // Navi 14
    {0x7360, 0x7362, "gfx1011"},                     // Navi 12
    {0x7388, 0x738f, "gfx908", Rocm::kServes},       // Arcturus
    {0x73a0, 0x73bf, "gfx1030", Rocm::kServes},      // Navi 21
    {0x73c0, 0x73df, "gfx1031"},                     // Navi 22
    {0x73e0, 0x73ff, "gfx1032"},                     // Navi 23
    {0x7408, 0x7410, "gfx90a", Rocm::kServes},       // Aldebaran
    {0x7420, 0x743f, "gfx1034"},                     // Navi 24
    {0x7440, 0x745f, "gfx1100", Rocm::kServes},      // Navi 31
    {0x7460, 0x747f, "gfx1101", Rocm::kServes},      // Navi 32
    {0x7480, 0x749f, "gfx1102"},                     // Navi 33
    {0x74a0, 0x74bf, "gfx942", Rocm::kServes},       // MI300
    {0x7550, 0x757f, "gfx1201", Rocm::kServes, 12},  // Navi 48
    {0x7590, 0x759f, "gfx1200", Rocm::kServes, 12},  // Navi 44
    {0x75a0, 0x75bf, "gfx950", Rocm::kServes},       // MI350
    {0x7910, 0x799f, ""},                            // RS690
    {0x9400, 0x97ff, ""},                            // R600, R700, their chipsets, Sumo
    {0x9800, 0x980f, ""},                            // Palm
    {0x9830, 0x985f, "gfx703"},                      // Kabini, Mullins
    {0x9870, 0x987f, "gfx801"},                      // Carrizo
    {0x98e0, 0x98ef, "gfx810"},                      // Stoney
    {0x9900, 0x99ff, ""},                            // Trinity, Richland
};

// What is in no range is newer than the table: nothing is wrong with it that we know.
const Range* RangeOf(uint16_t device) {
  for (const Range& range : kRanges)
    if (device >= range.first && device <= range.last) return &range;
  return nullptr;
}

std::string GfxOf(const Range* range) {
  return range == nullptr ? "an AMD GPU" : std::string(range->gfx);
}

Finding HeldByRadeon(const std::string& gfx) {
  return Meet(152, gfx + ": radeon serves it, which cannot compute; amdgpu can",
              {{"family", gfx.starts_with("gfx6") ? "si" : "cik"}});
}

}  // namespace

Findings DriverOfAmd(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  const Range* range = RangeOf(subject.function.device);
  if (range != nullptr && range->gfx.empty())
    return {Meet(139, "older than GCN: no compute driver serves it")};
  const std::string& driver = subject.function.driver;
  if (driver == "amdgpu") return {};
  if (IsCloudKernel(facts))
    return {Meet(151, "the kernel " + facts.kernel_release + " has no graphics drivers")};
  const std::string gfx = GfxOf(range);
  const bool old = gfx.starts_with("gfx6") || gfx.starts_with("gfx7");
  if (driver == "radeon" || (old && HasModule(facts, "amdgpu"))) return {HeldByRadeon(gfx)};
  if (range != nullptr && range->kernel_minor > 0 &&
      OlderThan(facts.kernel_release, 6, range->kernel_minor)) {
    return {Meet(154, gfx + " needs Linux 6." + std::to_string(range->kernel_minor) + ", this is " +
                          facts.kernel_release)};
  }
  if (HasModule(facts, "amdgpu"))
    return {Meet(153, "amdgpu is loaded but did not take the card: its firmware is missing")};
  return {Meet(150, "the module amdgpu is not loaded")};
}

Findings BackendOfAmd(const Subject& subject) {
  const MachineFacts& facts = subject.facts;
  if (HasLibrary(facts, "amdocl"))
    return {Meet(148, "ROCm's OpenCL library is installed but does not show the card")};
  if (HasLibrary(facts, "mesa.icd") || HasLibrary(facts, "rusticl.icd"))
    return {Meet(135, "Mesa's OpenCL is not enabled for radeonsi", {{"driver", "radeonsi"}})};
  const Range* range = RangeOf(subject.function.device);
  if (range != nullptr && range->rocm == Rocm::kNo)
    return {Meet(149, GfxOf(range) + " has no OpenCL here and is not served by ROCm 7")};
  return {Meet(133, "amdgpu is bound, but no OpenCL for it is installed")};
}

}  // namespace motley
