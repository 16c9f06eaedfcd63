#pragma once
// Random machines that serve many requests, and what the best plan reaches, found by trying every
// one. Written from docs/formats.md alone: shares no code with scheduler/partition or the cost
// model.

#include <cstdint>
#include <vector>

#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

struct ServiceBox {
  MachineProfile machine;
  Workload workload;
  Objective objective;  // throughput
};

// 1-5 devices with layer_times that bend with the batch, 1-12 layers, tight memory, a heavy head,
// tied weights, links, devices that are twins of another, sometimes no prompt.
ServiceBox RandomServiceBox(uint64_t seed);

// Generated tokens per second by set of devices, as bits; 0 where nothing fits.
struct ServiceTruth {
  std::vector<double> together;  // one pool, any devices of the set left out
  std::vector<double> split;     // the best of two pools, KV memory's way over the links left out
  double Best() const;
};
ServiceTruth TryEveryService(const ServiceBox& box);

}  // namespace motley
