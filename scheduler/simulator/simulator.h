#pragma once
// A plan in virtual time: the same scheduler that serves (admission, batcher, block ledger) turned
// by events in place of workers, with step times of the cost model. Says what throughput, latencies
// and goodput a plan would reach before anything is bought or loaded. Pure and deterministic: same
// inputs, same output, bit for bit. One thread.
// Errors: InvalidArgument naming the key (a plan that does not cover the items, arrivals out of
// order, a request that can never fit), OutOfMemory (a stage that does not fit its device).

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

struct SimulationOptions {
  double seconds = 0;         // of virtual time from the first arrival; 0: until all are answered
  double warmup_seconds = 0;  // what arrives before is served and not counted
  int chunk_tokens = 512;     // prompt tokens of one step, as the service's --chunk
  int block_tokens = 32;
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

struct Percentiles {
  double mean = 0, p50 = 0, p90 = 0, p99 = 0;
};

// motley.simulation/1
struct SimulationResult {
  uint64_t requests = 0, completed = 0, failed = 0;  // that arrived, counted after the warm-up
  double seconds = 0;  // from the end of the warm-up to the last event counted
  double decode_tokens_per_s = 0, prompt_tokens_per_s = 0;
  Percentiles ttft_s, itl_s, e2e_s;
  double goodput_rps = 0;   // requests per second that met both times of the objective
  double slo_attained = 0;  // the share of requests that did
  std::map<std::string, double> utilisation;
  double energy_j = 0;
  std::vector<std::string> violations;  // what must never happen and did: empty, or a bug
};
nlohmann::json ToJson(const SimulationResult& result);

Result<SimulationResult> Simulate(const MachineProfile& machine, const Workload& workload,
                                  const Plan& plan, std::vector<Arrival> arrivals,
                                  const SimulationOptions& options);

}  // namespace motley
