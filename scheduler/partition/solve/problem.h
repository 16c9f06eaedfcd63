#pragma once
// The partitioning problem as the dynamic programs see it: numbers only. Built once per solve;
// read-only afterwards.
//
// Devices that could change places unnoticed (same times, memory and links) form one class, and a
// set of devices is how many of each class are in it: eight equal GPUs are 9 sets, not 256.

#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/partition/costs.h"
#include "scheduler/partition/memory.h"
#include "scheduler/plan.h"

namespace motley {

struct DeviceClass {
  std::vector<int> members;    // indexes into MachineProfile::devices, increasing
  std::vector<double> prefix;  // [e]: us of items [0, e) in the objective's weighting
  FittingRuns runs;
};

struct Problem {
  ObjectiveKind kind = ObjectiveKind::kLatency;
  int items = 0;
  std::vector<DeviceClass> classes;
  std::vector<double> boundary;  // [from * classes + to], us; between two members where from == to
  double Boundary(int from, int to) const { return boundary[from * classes.size() + to]; }
};

// The objective's weighting: latency counts the prompt once and every generated token; bottleneck
// counts one token.
std::vector<double> WeightedItems(const ItemCosts& costs, const Objective& objective, int items);
double WeightedLink(double prefill_us, double decode_us, const Objective& objective);

Problem BuildProblem(const MachineProfile& machine, const Workload& workload,
                     const Objective& objective, const Costs& costs);

// How the value of items [0, i) becomes that of [0, e) when a stage of `stage_us` (its boundary
// included) is added.
inline double AddStage(ObjectiveKind kind, double before, double stage_us) {
  if (kind == ObjectiveKind::kLatency) return before + stage_us;
  return before > stage_us ? before : stage_us;
}

}  // namespace motley
