#pragma once
// Random machines with workloads, and the best placement found by trying every one: the truth the
// dynamic programs are held to. Written from docs/formats.md alone; shares no code with
// scheduler/partition.

#include <cstdint>
#include <map>
#include <random>

#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

struct Box {
  MachineProfile machine;
  Workload workload;
  Objective objective;  // its kind is left to the test
};

// 1-5 devices of a 10-fold spread of speeds, 1-12 layers; often with tight memory, a heavy head,
// tied weights (seldom of unequal size), links that are missing, no prompt or no output, devices
// that are twins of another.
Box RandomBox(uint64_t seed);

// Infinite where nothing fits.
struct BestValues {
  std::map<unsigned, double> latency, bottleneck;  // by the exact set of devices used, as bits
  double Best(ObjectiveKind kind) const;
  double BestWithin(ObjectiveKind kind, unsigned must, unsigned may) const;
};
enum class Streaming { kNever, kAllowed };
BestValues TryEverything(const Box& box, Streaming streaming = Streaming::kNever);

// The same box with a link from the host to some devices and, if it has two, a group of two that is
// faster than either.
Box WithHostAndGroup(Box box, uint64_t seed);

// A box of `devices` that all differ, a full link matrix, `layers` layers; everything fits
// everywhere.
Box LargeBox(int devices, int layers);

}  // namespace motley
