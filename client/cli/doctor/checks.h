#pragma once
// What `motley doctor` says of a machine's inventory: each device, and each thing that keeps
// devices from working or makes them slow, also where nothing is wrong with it. Pure; any thread.

#include <string>
#include <vector>

#include "backends/discover.h"

namespace motley {

// One line of the report. `level`: ok, note, warn or fail; notes do not change the exit status.
struct Check {
  std::string level, what, text, code, fix;
};

// Devices by their ids, then drivers, permissions, links, OpenCL, huge pages, locked memory and
// what else of the machine is not as it should be. What a recorded machine does not tell is left
// out.
std::vector<Check> CheckMachine(const Inventory& inventory);

}  // namespace motley
