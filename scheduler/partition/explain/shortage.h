#pragma once
// What to say when nothing fits: who is short of how much, and the least change that makes it fit.
// Pure, any thread.

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/workload.h"

namespace motley {

// Whether some placement in contiguous runs, any devices left out, fits in memory.
bool SomethingFits(const MachineProfile& machine, const Workload& workload);

// OutOfMemory for a machine on which nothing fits: the need, what the devices have (by name where
// one is to blame), and as remedy the longest context that fits, or else the memory that the
// largest device lacks.
Error DescribeShortage(const MachineProfile& machine, const Workload& workload);

}  // namespace motley
