#pragma once
// What to say when nothing fits: who is short of how much, and the least change that makes it fit.
// Pure, any thread.

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/partition/partitioner.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

// Whether some placement in contiguous runs, any devices left out, fits in memory.
bool SomethingFits(const MachineProfile& machine, const Workload& workload);

// OutOfMemory for a machine on which nothing fits: the need, what the devices have (by name where
// one is to blame), and as remedy the longest context that fits, or else the memory that the
// largest device lacks.
Error DescribeShortage(const MachineProfile& machine, const Workload& workload);
// The same where one sequence might fit, but not those that a plan for many requests keeps.
Error DescribeNoService(const MachineProfile& machine, const Workload& workload,
                        const Objective& objective);

// The same machine and model with one thing changed so that something fits.
struct WayToFit {
  std::string change;  // "a context of at most 812 tokens (--ctx 812)"
  MachineProfile machine;
  Workload workload;
  StageModes modes = StageModes::kResident;
};
// A shorter context, half the KV memory (q8_0 in place of f16), streamed weights,
// more memory on the largest device: those that help, the least change first.
std::vector<WayToFit> WaysToFit(const MachineProfile& machine, const Workload& workload);

}  // namespace motley
