#pragma once
// One pipeline for one request at a time: the objectives latency and bottleneck, exactly. Pure, any
// thread. Errors: as Partition().

#include "scheduler/partition/partitioner.h"

namespace motley {

Result<Plan> PartitionPipeline(const MachineProfile& machine, const Workload& workload,
                               const Objective& objective, DeviceUse use, StageModes modes);

}  // namespace motley
