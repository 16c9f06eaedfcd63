#pragma once
// The plan that serves best when it is tried: the partitioners propose, the simulator turns each
// proposal with the real scheduler over virtual time and the best measured value wins. For the
// objectives whose value depends on queueing and batching: throughput, goodput, cost. Pure and
// deterministic; one thread. Errors: those of Candidates() and Simulate(), Unsupported for latency
// and bottleneck (their optimum needs no simulation), Cancelled (`progress` said no).

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/simulator/arrivals.h"
#include "scheduler/simulator/simulator.h"
#include "scheduler/workload.h"

namespace motley {

struct ChooseOptions {
  int candidates = 8;   // and each device alone
  int requests = 1000;  // of one simulation; the same for each candidate
  uint64_t seed = 1;
  int chunk_tokens = 512;
  // What requests look like; empty: every one has the objective's prompt and output. Their times
  // are scaled to the rates that are tried.
  std::vector<Arrival> trace;
  // Of all simulations; false ends the search.
  std::function<bool(double part)> progress;
};

// One candidate and what it reached in its best simulation.
struct Contender {
  Plan plan;
  double value = 0;  // as proof.value of the objective; cost: less is better
  SimulationResult simulated;
};

struct Choice {
  Plan plan;  // predicted and proof.value as simulated; contenders are its alternatives
  std::vector<Contender> contenders;  // the best first
};

// throughput: generated tokens per second with every request there at once. goodput: the highest
// rate of requests per second at which the share objective.slo.quantile meets both times, found by
// bisection to 2 %. cost: joules per generated token at objective.rate_rps, among those that keep
// up.
Result<Choice> ChooseBySimulation(const MachineProfile& machine, const Workload& workload,
                                  const Objective& objective, const ChooseOptions& options);

}  // namespace motley
