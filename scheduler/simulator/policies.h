#pragma once
// Placements by rule of thumb, to simulate beside computed ones. Pure, any thread. Every rule puts
// the layers in one row of devices; the embedding goes with the first, the head with the last of
// them; what does not fit on a device moves on to the next. Sequences and KV memory are left open:
// the simulator uses what memory is left. Errors: InvalidArgument (no such rule or device),
// OutOfMemory (the model does not fit that way).

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

// "memory-proportional", "speed-proportional" (of one token through one layer), "fastest-first",
// "even"; "single:DEVICE" is understood beside them.
std::vector<std::string> PolicyNames();

Result<Plan> PlanByPolicy(std::string_view name, const MachineProfile& machine,
                          const Workload& workload, const Objective& objective);

}  // namespace motley
