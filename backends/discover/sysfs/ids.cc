#include "backends/discover/sysfs/ids.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

namespace motley {
namespace {

constexpr uint32_t kDisplayClass = 0x03, kAcceleratorClass = 0x12;
constexpr uint16_t kAmdCpu = 0x1022;  // processors, and the bridges of Vega cards

// Vendors whose display functions compute; everybody else's show a console.
bool MakesGpus(uint16_t vendor) { return vendor == kNvidia || vendor == kAmd || vendor == kIntel; }
// Moore Threads, Iluvatar, Hygon: display-class functions that are compute cards.
bool MakesComputeCards(uint16_t vendor) {
  return vendor == 0x1ed5 || vendor == 0x1e3e || vendor == 0x1d94;
}

std::string_view MakerOf(uint16_t vendor) {
  switch (vendor) {
    case kNvidia:
      return "NVIDIA";
    case kAmd:
    case kAmdCpu:
      return "AMD";
    case kIntel:
      return "Intel";
    case kXilinx:
      return "Xilinx";
    default:
      return {};
  }
}

// "GA102 [GeForce RTX 3090]" is known to people by what is in the brackets.
std::string PublicName(uint16_t vendor, const std::string& vendor_name, std::string device_name) {
  const size_t open = device_name.find('['), close = device_name.rfind(']');
  if (open != std::string::npos && close != std::string::npos && close > open + 1)
    device_name = device_name.substr(open + 1, close - open - 1);
  const std::string_view maker = MakerOf(vendor);
  if (!maker.empty()) return std::string(maker) + " " + device_name;
  return vendor_name.empty() ? device_name : vendor_name + " " + device_name;
}

constexpr uint32_t Key(uint16_t vendor, uint16_t device) { return uint32_t{vendor} << 16 | device; }

std::string Numbers(uint16_t vendor, uint16_t device) {
  char text[16];
  std::snprintf(text, sizeof text, "%04x:%04x", vendor, device);
  return text;
}

// The file is a list of "VVVV  vendor" with "\tDDDD  device" below each, then classes ("C ...").
std::map<uint32_t, std::string> LookUp(FILE* file, const std::set<uint32_t>& wanted) {
  std::map<uint32_t, std::string> names;
  uint32_t vendor = 0;
  std::string vendor_name;
  char buffer[512];  // the longest line has 130; of a longer one the rest is a line of its own
  while (names.size() < wanted.size() && std::fgets(buffer, sizeof buffer, file) != nullptr) {
    const std::string_view line(buffer);
    if (line.size() < 7 || line[0] == '#') continue;
    if (line[0] == 'C') break;
    const bool is_device = line[0] == '\t';
    if (is_device && line[1] == '\t') continue;
    const auto id = ParseHex(line.substr(is_device, 4), 0xffff);
    if (!id) continue;
    const std::string name = Printable(line.substr(is_device + 4));
    if (!is_device) {
      vendor = *id;
      vendor_name = name;
    } else if (wanted.count(Key(vendor, *id)) != 0) {
      names.emplace(Key(vendor, *id), PublicName(vendor, vendor_name, name));
    }
  }
  return names;
}

// The tree's own file, else this machine's.
Fd OpenPciIds(const Tree& tree) {
  for (const Tree& where : {tree, Tree("")}) {
    for (const char* path : {"usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"}) {
      Fd fd = where.Open(path);
      if (fd.valid()) return fd;
    }
  }
  return {};
}

}  // namespace

PciRole RoleOf(uint16_t vendor, uint16_t device, uint32_t class_code) {
  if (const KnownPart* part = FindPart(vendor, device)) return part->role;
  // Not only the base classes: a Xilinx design calls itself what its author likes.
  if (vendor == kXilinx) return PciRole::kFpga;
  const uint32_t base = class_code >> 16;
  if (base == kAcceleratorClass)
    return vendor == kNvidia || vendor == kAmd ? PciRole::kGpu : PciRole::kAccelerator;
  if (base != kDisplayClass) return PciRole::kNone;
  if (MakesGpus(vendor)) return PciRole::kGpu;
  return MakesComputeCards(vendor) ? PciRole::kAccelerator : PciRole::kDisplay;
}

PciRole RoleOf(const PciFunction& function) {
  return RoleOf(function.vendor, function.device, function.class_code);
}

FpgaPart FpgaPartOf(uint16_t vendor, uint16_t device) {
  const KnownPart* part = FindPart(vendor, device);
  return part == nullptr ? FpgaPart::kUnknown : part->part;
}

bool IsPortOfCard(uint16_t vendor, uint16_t device) {
  switch (Key(vendor, device)) {
    case Key(kAmd, 0x1478):
    case Key(kAmd, 0x1479):  // Navi, Aldebaran
    case Key(kAmdCpu, 0x1470):
    case Key(kAmdCpu, 0x1471):  // Vega
    case Key(kIntel, 0x4fa0):
    case Key(kIntel, 0x4fa1):
    case Key(kIntel, 0x4fa4):  // Arc A
    case Key(kIntel, 0xe2ff):
    case Key(kIntel, 0xe2f0):  // Arc B
      return true;
    default:
      return false;
  }
}

std::string_view IdPrefix(const PciFunction& function) {
  const PciRole role = RoleOf(function);
  if (role == PciRole::kFpga) return "fpga";
  if (role == PciRole::kDisplay) return "vga";
  if (role == PciRole::kGpu && function.vendor == kNvidia) return "nv";
  if (role == PciRole::kGpu && function.vendor == kAmd) return "amd";
  if (role == PciRole::kGpu && function.vendor == kIntel) return "intel";
  return "acc";
}

std::string_view KindOf(PciRole role) {
  if (role == PciRole::kGpu) return "gpu";
  return role == PciRole::kFpga ? "fpga" : "other";
}

void NameFunctions(const Tree& tree, std::vector<PciFunction>& functions) {
  std::set<uint32_t> unknown;
  for (PciFunction& function : functions) {
    const KnownPart* part = FindPart(function.vendor, function.device);
    const auto model = function.attributes.find("nvidia_model");
    if (part != nullptr) {
      function.name = part->name;
    } else if (model != function.attributes.end()) {
      function.name =
          model->second.starts_with("NVIDIA") ? model->second : "NVIDIA " + model->second;
    } else if (function.device == 0 && !MakerOf(function.vendor).empty()) {
      function.name = std::string(MakerOf(function.vendor)) + " device";
    } else {
      function.name = Numbers(function.vendor, function.device);
    }
    if (part == nullptr && model == function.attributes.end())
      unknown.insert(Key(function.vendor, function.device));
  }
  if (unknown.empty()) return;
  Fd fd = OpenPciIds(tree);
  FILE* file = fd.valid() ? fdopen(fd.get(), "r") : nullptr;
  if (file == nullptr) return;
  fd.Release();  // the stream closes it
  const auto names = LookUp(file, unknown);
  std::fclose(file);
  for (PciFunction& function : functions) {
    const auto found = names.find(Key(function.vendor, function.device));
    if (found != names.end()) function.name = found->second;
  }
}

}  // namespace motley
