#pragma once
// A plan in virtual time: the same scheduler that serves (admission, batcher, block ledger) turned
// by events in place of workers, with step times of the cost model. Says what throughput, latencies
// and goodput a plan would reach before anything is bought or loaded. What is modelled and what is
// not: docs/how-the-simulator-works.md. Pure and deterministic: same inputs, same output, bit for
// bit. One thread.
// Errors: InvalidArgument naming the key (a plan that does not cover the items, arrivals out of
// order, nothing known of a device's phase, no request that fits), OutOfMemory (a stage that does
// not fit its device).

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/simulator/arrivals.h"
#include "scheduler/workload.h"

namespace motley {

// Who a batch is made of at a device.
enum class Batching {
  kAuto,     // cohorts; by device for replicas that share one
  kCohorts,  // who began it together at the first stage: what Motley's own pipeline does
  kDevice,   // whoever waits for the device, up to its micro_batch: what servers do whose nodes
             // batch for themselves (Petals, Helix)
};

struct SimulationOptions {
  double seconds = 0;         // of virtual time from the first arrival; 0: until all are answered
  double warmup_seconds = 0;  // what arrives before is served and not counted
  int chunk_tokens = 512;     // prompt tokens of one step, as the service's --chunk
  int block_tokens = 32;
  Batching batching = Batching::kAuto;
  // Of the prompt that item_times_us.prefill is for; 0: the plan's objective.
  int prompt_tokens = 0;
  Slo slo;  // counted in goodput
  struct Failure {
    double at_s = 0;
    std::string device;
    double back_after_s = 0;  // 0: never
  };
  std::vector<Failure> failures;
  // Asked now and then with seconds of virtual time; false ends the run early.
  std::function<bool(double now_s)> keep_going;
};

// Percentiles come from a histogram of 256 buckets per doubling: within 0.2 % of the exact ones.
// The mean is exact. NaN (null in JSON) when nothing was counted.
struct Percentiles {
  double mean = 0, p50 = 0, p90 = 0, p99 = 0;
};

// motley.simulation/1
struct SimulationResult {
  // That arrived after the warm-up; failed: their device was lost, or nothing can ever hold them.
  uint64_t requests = 0, completed = 0, failed = 0;
  double seconds = 0;  // from the end of the warm-up to the end of the run
  double decode_tokens_per_s = 0, prompt_tokens_per_s = 0;
  Percentiles ttft_s, itl_s, e2e_s;
  double goodput_rps = 0;   // requests per second that met both times of the objective
  double slo_attained = 0;  // the share of requests that did
  double in_system = 0;     // requests that wait or run, averaged over time
  std::map<std::string, double> utilisation;
  double energy_j = 0;
  uint64_t steps = 0, events = 0;
  std::vector<std::string> violations;  // what must never happen and did: empty, or a bug
};
nlohmann::json ToJson(const SimulationResult& result);

Result<SimulationResult> Simulate(const MachineProfile& machine, const Workload& workload,
                                  const Plan& plan, const std::vector<Arrival>& arrivals,
                                  const SimulationOptions& options);

}  // namespace motley
