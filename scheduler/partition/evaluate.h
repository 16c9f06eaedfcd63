#pragma once
// The value, memory and prediction of given stages, straight from the definition in docs/formats.md
// and without the dynamic programs' tables, so that one checks the other. Pure, any thread.
// Microseconds and bytes.

#include <vector>

#include "base/result.h"
#include "scheduler/partition/costs.h"
#include "scheduler/plan.h"

namespace motley {

struct DeviceRun {
  int device = 0;           // index into MachineProfile::devices
  int first = 0, last = 0;  // items, inclusive
  StageMode mode = StageMode::kResident;
};

// One stage's part of the value: what it computes and the boundary it comes in over (0 for the
// first).
struct StagePrice {
  double compute_us = 0, boundary_us = 0;
};
std::vector<StagePrice> PriceRuns(const Costs& costs, const Objective& objective,
                                  const std::vector<DeviceRun>& runs);
double ValueOf(ObjectiveKind kind, const std::vector<StagePrice>& prices);

// Weights (a tied item whose twin is inside counts nothing) and KV cache of items first..last on
// one device.
double RunMemory(const Workload& workload, int first, int last);
// As a stage in a mode: streamed weights are there two items at a time, the two largest.
double StageMemory(const Workload& workload, int first, int last, StageMode mode);

// Evaluate() of partitioner.h with the prices already at hand.
Result<Plan> EvaluatePriced(const MachineProfile& machine, const Workload& workload,
                            const Objective& objective, const Costs& costs,
                            const std::vector<Stage>& stages);
// The stages by index. Errors: InvalidArgument (a gap, an overlap, a device twice), NotFound (no
// such device).
Result<std::vector<DeviceRun>> ResolveStages(const MachineProfile& machine,
                                             const Workload& workload,
                                             const std::vector<Stage>& stages);

}  // namespace motley
