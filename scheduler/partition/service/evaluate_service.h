#pragma once
// What given pools of replicas can serve, straight from the definition in docs/formats.md and
// without the solvers' tables, so that one checks the other. Pure, any thread.
// Errors: InvalidArgument naming the pool (stages with gaps, a device twice in a replica, with two
// different runs or in two pools, prefill without decode), NotFound (no such device), OutOfMemory.

#include <string>
#include <vector>

#include "base/result.h"
#include "scheduler/cost_model/cost_model.h"
#include "scheduler/plan.h"

namespace motley {

struct ServiceValue {
  double tokens_per_s = 0;  // generated, at the highest load
  std::string binding;      // "nv0 compute", "link nv0->amd0", "sequences in flight"
  // [device]: microseconds that it is busy for each generated token; 0 when unused.
  std::vector<double> busy_us;
  std::vector<double> memory_bytes;  // [device]: weights and KV
  double sequences = 0;              // in flight, of all replicas that decode
  Prediction predicted;
};

Result<ServiceValue> EvaluateService(const MachineProfile& machine, const Workload& workload,
                                     const Objective& objective, const CostModel& model,
                                     const std::vector<Pool>& pools);

// Joules per generated token of the devices in use at so many generated tokens per second; NaN
// where the power of one is not known.
double EnergyPerToken(const MachineProfile& machine, const ServiceValue& value,
                      double tokens_per_s);

}  // namespace motley
