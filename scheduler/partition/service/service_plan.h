#pragma once
// Plans for many requests: the objectives throughput, goodput and cost. Pure, one thread.
// Errors: as Partition().

#include "base/result.h"
#include "scheduler/partition/service/proposals.h"
#include "scheduler/plan.h"

namespace motley {

Result<Plan> PartitionService(const MachineProfile& machine, const Workload& workload,
                              const Objective& objective);

// The machine with some of its groups as devices in place of their members, the others left out:
// every choice of groups that exclude each other. The machine itself where it has none.
std::vector<MachineProfile> GroupChoices(const MachineProfile& machine);

}  // namespace motley
