#pragma once
// From a model file to a plan for this machine: devices, their measured times (from the store,
// measured when missing), the partitioner's optimum or a placement by hand. Used by motleyd and by
// `motley plan`. One thread.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/discover.h"
#include "daemon/pipeline/worker_process.h"
#include "engine/gguf/manifest.h"
#include "engine/model/graph.h"
#include "hwprofiles/profile.h"
#include "scheduler/partition/partitioner.h"

namespace motley {

struct PlanningOptions {
  std::vector<std::string> backends;  // to ask for devices; empty: all that are installed, but fake
  std::vector<std::string> devices;   // names; empty: all that are ready
  std::string split;  // by hand: "0-14,15-29", one range for each of `devices`; "auto": the best
                      // that uses every device; empty: the best
  std::optional<Plan> plan;  // loaded: evaluated as it is
  Objective objective;
  int context_tokens = 4096;
  int prefill_chunk = 512;
  int threads = 0;  // of cpu devices
  bool remeasure = false;
  // What the backends answered, where somebody knows; empty: they are asked.
  std::function<std::vector<DeviceInfo>()> probed;
};

// What is going on, for people: "measuring ocl0", 0..1.
using PlanningProgress = std::function<void(const std::string& what, double part)>;

struct PlannedModel {
  Plan plan;
  MachineProfile machine;           // as planned with: what steps have taught is in its step_times
  std::vector<StepTimes> measured;  // of its devices, without that
  Workload workload;
  std::string fingerprint;            // of the model, under which times are kept
  std::vector<DeviceInfo> devices;    // considered
  std::vector<DeviceChoice> choices;  // for the plan's stages, in order
};

Result<PlannedModel> PlanModel(const Manifest& manifest, const ModelGraph& graph,
                               const PlanningOptions& options, const PlanningProgress& progress);

// Unix seconds of the newest profile of each device, 0: never.
std::vector<int64_t> MeasuredAt(const Inventory& inventory);

}  // namespace motley
