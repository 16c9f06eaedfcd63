#include <algorithm>
#include <cmath>

#include "scheduler/simulator/engine/simulation.h"
#include "scheduler/simulator/simulator.h"

namespace motley {
namespace {

Status CheckNumber(const std::string& key, double value, double least) {
  if (std::isfinite(value) && value >= least) return {};
  return Error::Invalid(
      key, key + " is " + std::to_string(value) + ", must be at least " + std::to_string(least));
}

Status CheckOptions(const MachineProfile& machine, const SimulationOptions& options) {
  TRY(CheckNumber("seconds", options.seconds, 0));
  TRY(CheckNumber("warmup_seconds", options.warmup_seconds, 0));
  TRY(CheckNumber("chunk_tokens", options.chunk_tokens, 1));
  TRY(CheckNumber("block_tokens", options.block_tokens, 1));
  TRY(CheckNumber("prompt_tokens", options.prompt_tokens, 0));
  if (options.seconds > 0 && options.warmup_seconds >= options.seconds) {
    return Error::Invalid("warmup_seconds",
                          "warmup_seconds is " + std::to_string(options.warmup_seconds) +
                              ", must be less than seconds, " + std::to_string(options.seconds));
  }
  for (const auto& failure : options.failures) {
    TRY(CheckNumber("fail", failure.at_s, 0));
    TRY(CheckNumber("fail", failure.back_after_s, 0));
    const bool known = std::any_of(machine.devices.begin(), machine.devices.end(),
                                   [&](const auto& device) { return device.id == failure.device; });
    if (known) continue;
    return Error::Invalid("fail", "fail: the machine has no device \"" + failure.device + "\"");
  }
  return {};
}

Status CheckArrivals(const std::vector<Arrival>& arrivals) {
  if (arrivals.empty()) return Error::Invalid("arrivals", "no request arrives");
  for (size_t i = 0; i < arrivals.size(); ++i) {
    const Arrival& arrival = arrivals[i];
    const std::string key = "arrivals[" + std::to_string(i) + "]";
    TRY(CheckNumber(key + ".at_s", arrival.at_s, i > 0 ? arrivals[i - 1].at_s : 0));
    TRY(CheckNumber(key + ".prompt_tokens", arrival.prompt_tokens, 1));
    TRY(CheckNumber(key + ".output_tokens", arrival.output_tokens, 1));
  }
  return {};
}

}  // namespace

Result<SimulationResult> Simulate(const MachineProfile& machine, const Workload& workload,
                                  const Plan& plan, const std::vector<Arrival>& arrivals,
                                  const SimulationOptions& options) {
  TRY(CheckOptions(machine, options));
  TRY(CheckArrivals(arrivals));
  const double prompt =
      options.prompt_tokens > 0 ? options.prompt_tokens : plan.objective.prompt_tokens;
  const CostModel costs = TRY(CostModel::Make(machine, workload, prompt));
  const auto demand = simulator::Demand::Of(arrivals);
  const simulator::Layout layout =
      TRY(simulator::MakeLayout(machine, workload, plan, costs, demand, options));
  return simulator::Simulation({machine, costs, layout, arrivals, options, demand.longest}).Run();
}

}  // namespace motley
