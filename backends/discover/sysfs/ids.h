#pragma once
// What a PCI id says about a function. The table is ours (ids_table.cc); names
// beyond it come from the machine's pci.ids. Stateless; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backends/discover/facts.h"
#include "backends/discover/sysfs/tree.h"

namespace motley {

inline constexpr uint16_t kNvidia = 0x10de, kAmd = 0x1002, kIntel = 0x8086, kXilinx = 0x10ee;

// What a function is to Motley.
enum class PciRole {
  kNone,         // not a device to list: a bridge, a disk, sound
  kGpu,          // can compute
  kFpga,         // Xilinx, or another maker's card with such a chip; see FpgaPartOf
  kAccelerator,  // made for compute and neither of the above
  kDisplay,      // shows a console: the VGA of a server board or of a virtual machine
};
PciRole RoleOf(uint16_t vendor, uint16_t device, uint32_t class_code);
PciRole RoleOf(const PciFunction& function);

// Which part of an FPGA card a function is (the ids are those of XRT's table of devices).
enum class FpgaPart { kUnknown, kManagement, kUser, kGolden };
FpgaPart FpgaPartOf(uint16_t vendor, uint16_t device);

// A port of the switch that a graphics card carries on board.
bool IsPortOfCard(uint16_t vendor, uint16_t device);

// "nv", "amd", "intel", "fpga", "acc" or "vga": how ids of devices without a backend begin.
std::string_view IdPrefix(const PciFunction& function);
// "gpu", "fpga" or "other", as in DeviceInfo::kind.
std::string_view KindOf(PciRole role);

// Sets the names of `functions`: of our table, else of pci.ids (of the tree, then of this machine;
// absent is fine), else "10de:2204".
void NameFunctions(const Tree& tree, std::vector<PciFunction>& functions);

// One row of the table.
struct KnownPart {
  uint16_t vendor, device;
  PciRole role;
  std::string_view name;  // with the maker's
  FpgaPart part = FpgaPart::kUnknown;
};
const KnownPart* FindPart(uint16_t vendor, uint16_t device);

}  // namespace motley
