#pragma once
// (machine, workload, objective) -> the best plan and why it is the best. Pure functions, any
// thread. Errors: InvalidArgument (times negative, NaN, zero devices), OutOfMemory (fits nowhere:
// names the shortest device or the total and what would make it fit; the command line exits 6).

#include <string>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

enum class DeviceUse {
  kAny,  // leaving devices out is allowed, and done when that is faster
  kAll,  // every device holds at least one item
};

// The optimum over all placements in which each device holds at most one contiguous run of items.
// latency: cost-model 2(a); bottleneck: the largest stage at decode, batch 1, its incoming boundary
// included.
Result<Plan> Partition(const MachineProfile& machine, const Workload& workload,
                       const Objective& objective, DeviceUse use = DeviceUse::kAny);

// The same evaluation for given stages: they cover all items once, in order; a device at most once.
Result<Plan> Evaluate(const MachineProfile& machine, const Workload& workload,
                      const Objective& objective, const std::vector<Stage>& stages);

// Partition() of two files, motley.machine/1 and motley.workload/1, without touching a device.
// Errors also name the file.
Result<Plan> PlanFromFiles(const std::string& machine_path, const std::string& workload_path,
                           const Objective& objective, DeviceUse use = DeviceUse::kAny);

}  // namespace motley
