#pragma once
// The functions of the PCI bus as sysfs shows them. Stateless; any thread. Meaning of the files:
// Documentation/ABI/testing/sysfs-bus-pci of the kernel.

#include <string_view>
#include <vector>

#include "backends/discover/facts.h"
#include "backends/discover/sysfs/tree.h"

namespace motley {

// All functions of the bus, by address. A function without a readable class, vendor and device (all
// of them damaged) is left out. Attributes, only of functions that RoleOf lists (ids.h), by file
// name: those of kAttributes in pci.cc; besides them
//   iommu_group, physfn       last part of the link
//   drm                       "card0 renderD128": names in the folder of that name
//   throttle_reason_status    of an Intel GPU's gt0
//   hwmon/temp1_input         and _crit, of temp1 to temp3: thousandths of a degree
//   aer_fatal, aer_nonfatal, aer_correctable   totals of PCIe errors
//   nvidia_model, nvidia_uuid, nvidia_numa_node, nvidia_numa_bytes (hexadecimal)
//                             of proc/driver/nvidia/gpus/ADDRESS, where the driver is loaded
// Links are those of the card's edge: where a card brings its own switch (AMD since Vega, Intel
// Arc), the port of that switch that the slot sees, not the endless x16 inside the card.
std::vector<PciFunction> ReadPciFunctions(const Tree& tree);

// 1 to 7 of "16.0 GT/s PCIe", 0 for anything else.
int LinkGeneration(std::string_view speed);

}  // namespace motley
