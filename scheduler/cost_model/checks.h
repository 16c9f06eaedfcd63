#pragma once
// Whether a machine and a workload can be priced at all. Pure, any thread. Errors: InvalidArgument
// naming the key.

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/workload.h"

namespace motley {

// No devices or items, numbers below 0 or not finite, item times of the wrong number, tables whose
// points do not grow, a pair of devices with neither link nor default_link.
Status CheckPriceable(const MachineProfile& machine, const Workload& workload);

}  // namespace motley
