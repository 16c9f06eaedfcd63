#pragma once
// Which devices of a machine could change places unnoticed. Pure, any thread.

#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"

namespace motley {

// Everything a placement can feel of the devices of a machine, in numbers.
struct Felt {
  std::vector<std::vector<double>> devices;  // [device]: times, memory
  std::vector<double> links;                 // [from * devices + to]
};

struct AlikeDevices {
  std::vector<int> members;  // indexes into MachineProfile::devices, increasing
  std::vector<int> parts;    // of a group: the classes that all of its members make up
};

// The classes, groups (one each) after all others.
std::vector<AlikeDevices> FindClasses(const MachineProfile& machine, const Felt& felt);

// Errors: InvalidArgument for a group of unknown devices, of groups or of one device twice.
Status CheckGroups(const MachineProfile& machine);

}  // namespace motley
