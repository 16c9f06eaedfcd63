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

// Whether weights may be streamed where that is better: latency and bottleneck alone.
enum class StageModes { kResident, kResidentOrStreamed };

// latency and bottleneck: the optimum over all placements in which each device holds at most one
// contiguous run of items. throughput: over pools of chains; goodput: the best of what queueing
// formulas let through, to be simulated; cost: over sets of devices. docs/formats.md says what each
// value means. `use` is for the first two.
Result<Plan> Partition(const MachineProfile& machine, const Workload& workload,
                       const Objective& objective, DeviceUse use = DeviceUse::kAny,
                       StageModes modes = StageModes::kResident);

// Plans worth simulating, the most promising first: about `most`, and each device alone. Their
// proof.value is requests per second for the objective goodput, else generated tokens per second.
Result<std::vector<Plan>> Candidates(const MachineProfile& machine, const Workload& workload,
                                     const Objective& objective, int most = 8);

// Several models on one machine, each on devices of its own: the part of every model's demand
// (objective.rate_rps requests per second, of each above 0) that all of them are served at least,
// at its highest, and the plan of each. Exact; groups of devices are left out.
struct ModelDemand {
  Workload workload;
  Objective objective;
};
struct SharedPlan {
  double met = 0;  // 1: exactly the demand
  std::vector<Plan> plans;
};
Result<SharedPlan> PartitionSeveral(const MachineProfile& machine,
                                    const std::vector<ModelDemand>& models);

// The same evaluation for given stages: they cover all items once, in order; a device at most once.
Result<Plan> Evaluate(const MachineProfile& machine, const Workload& workload,
                      const Objective& objective, const std::vector<Stage>& stages);

// Partition() of two files, motley.machine/1 and motley.workload/1, without touching a device.
// Errors also name the file.
Result<Plan> PlanFromFiles(const std::string& machine_path, const std::string& workload_path,
                           const Objective& objective, DeviceUse use = DeviceUse::kAny);

}  // namespace motley
