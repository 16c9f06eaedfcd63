#pragma once
// Why the best plan is the best, in numbers: what each unused device would cost, the plans without
// each used device and on each device alone, and what limits the value. Everything is read out of
// the solved table: no second solve.

#include <string>
#include <vector>

#include "scheduler/partition/evaluate.h"
#include "scheduler/partition/solve/states.h"

namespace motley {

// One solve and everything it came from; holds references, valid while they are.
struct Solved {
  const MachineProfile& machine;
  const Workload& workload;
  const Objective& objective;
  const Costs& costs;
  const Problem& problem;
  const StateTable& table;
  std::vector<double>
      finals;  // [state]: value on exactly these devices, infinite where nothing fits
};

// The stages of a state with a finite value. Of a class the first members are used, in order of
// items.
std::vector<Stage> StagesOf(const Solved& solved, int state);

// The state with the least value among those with at least `at_least` and at most `at_most` members
// of `cls`; among equals the one with the fewest devices; 0 when none fits. cls -1: any state.
int BestState(const Solved& solved, int cls, int at_least, int at_most);

// Whether any run of items fits on one device of the class.
bool AnyRunFits(const DeviceClass& device);

// Each needs the plan's stages and value; they add to it.
void ExplainUnused(const Solved& solved, int chosen, Plan& plan);
void AddAlternatives(const Solved& solved, int chosen, Plan& plan);
// "nv0 memory" when moving one item over a boundary, or everything to one device, would be better
// but does not fit; else the largest part of the value: "nv0 compute" or "link nv0->cpu0".
std::string FindBinding(const Solved& solved, const Plan& plan);

// "48.1 ms", "812 us", "1.20 s".
std::string FormatMicroseconds(double us);

}  // namespace motley
