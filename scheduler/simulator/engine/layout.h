#pragma once
// A plan with everything looked up and every number chosen that it leaves open: devices and items
// checked, costs per stage, cohorts with their sequences and KV blocks. Read-only once made. Errors
// of MakeLayout: InvalidArgument naming the key, OutOfMemory with what is needed and what there is.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/cost_model/cost_model.h"
#include "scheduler/plan.h"
#include "scheduler/simulator/simulator.h"

namespace motley::simulator {

struct LaidStage {
  int device = 0;           // index into MachineProfile::devices
  int first = 0, last = 0;  // items
  StageMode mode = StageMode::kResident;
  const StageCost* cost = nullptr;  // of Layout::costs
};

struct LaidReplica {
  std::string key;  // "pools[0].replicas[1]"
  int pool = 0;
  Phase phase = Phase::kBoth;
  std::vector<LaidStage> stages;
  int micro_batch = 1, max_sequences = 1;
  int cohorts = 1;
  double kv_tokens = 0;  // on each of its devices
  double rate_rps = 0;   // what it would reach alone, requests per second
  double weight = 0;     // of its station's requests
  bool share_given = false;
  bool by_device = false;  // Batching::kDevice: every sequence is a cohort
};

struct LaidDevice {
  bool used = false;
  bool shared = false;  // by several replicas
  bool merges = false;  // steps that wait into one
  int micro_batch = 0;  // of at most so many sequences
};

// What arrivals look like on average, which numbers that a plan leaves open are chosen for.
struct Demand {
  double mean_prompt = 1, mean_output = 1;
  int longest = 1;  // prompt and output of one request
  static Demand Of(const std::vector<Arrival>& arrivals);
};

struct Layout {
  std::vector<LaidReplica> replicas;
  std::vector<LaidDevice> devices;  // in the machine's order
  bool split_phases = false;        // there is a decode pool
  int last_layer = 0;               // the last item with KV memory
  std::vector<std::unique_ptr<StageCost>> costs;
};

Result<Layout> MakeLayout(const MachineProfile& machine, const Workload& workload, const Plan& plan,
                          const CostModel& costs, const Demand& demand,
                          const SimulationOptions& options);

// The second half of it: KV memory, cohorts and rates of replicas whose stages are known.
Status SizeReplicas(const MachineProfile& machine, const Workload& workload, const Plan& plan,
                    const Demand& demand, const SimulationOptions& options, Layout& layout);

}  // namespace motley::simulator
