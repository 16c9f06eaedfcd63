#pragma once
// The partitioning problem as the dynamic programs see it: numbers only. Built once per solve;
// read-only afterwards.
//
// Devices that could change places unnoticed (same times, memory and links, members of the same
// groups) form one class, and a set of devices is how many of each class are in it: eight equal
// GPUs are 9 sets, not 256. A group (DeviceProfile::members) is a class of its own that takes all
// of its members with it, and it can only be used while none of them is.

#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/partition/costs.h"
#include "scheduler/partition/memory.h"
#include "scheduler/partition/partitioner.h"
#include "scheduler/plan.h"

namespace motley {

// One mode of a device: what a run of items costs and which runs fit.
struct Way {
  StageMode mode = StageMode::kResident;
  std::vector<double> prefix;  // [e]: us of items [0, e) in the objective's weighting, if that adds
  std::vector<double> table;   // [first * (items + 1) + end] otherwise
  FittingRuns runs;
  bool IsAdditive() const { return table.empty(); }
  double Cost(int first, int end) const {
    if (IsAdditive()) return prefix[end] - prefix[first];
    return table[first * (runs.lo.size()) + end];
  }
};

struct DeviceClass {
  std::vector<int> members;  // indexes into MachineProfile::devices, increasing
  std::vector<Way> ways;     // resident first
  std::vector<int> parts;    // of a group: the classes that all of its members make up; else empty
};

// The cheapest way that fits; nullptr where none does.
const Way* BestWay(const DeviceClass& device, int first, int end);

struct Problem {
  ObjectiveKind kind = ObjectiveKind::kLatency;
  int items = 0;
  std::vector<DeviceClass> classes;  // groups last
  std::vector<double> boundary;  // [from * classes + to], us; between two members where from == to
  double Boundary(int from, int to) const { return boundary[from * classes.size() + to]; }
};

// The objective's weighting: latency counts the prompt once and every generated token; bottleneck
// counts one token.
std::vector<double> WeightedItems(const ItemCosts& costs, const Objective& objective, int items);
double WeightedLink(double prefill_us, double decode_us, const Objective& objective);

Problem BuildProblem(const MachineProfile& machine, const Workload& workload,
                     const Objective& objective, const Costs& costs, StageModes modes);

}  // namespace motley
