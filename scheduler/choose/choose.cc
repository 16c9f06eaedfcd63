#include "scheduler/choose/choose.h"

#include <algorithm>
#include <cmath>

#include "scheduler/choose/trial.h"
#include "scheduler/partition/partitioner.h"

namespace motley {
namespace {

bool Better(const Objective& objective, const Contender& a, const Contender& b) {
  return objective.kind == ObjectiveKind::kCost ? a.value < b.value : a.value > b.value;
}

void Describe(const Contender& best, Plan* plan) {
  const SimulationResult& seen = best.simulated;
  plan->proof.value = best.value;
  plan->predicted.ttft_s = seen.ttft_s.p50;
  plan->predicted.itl_s = seen.itl_s.p50;
  plan->predicted.decode_tokens_per_s = seen.decode_tokens_per_s;
  plan->predicted.prefill_tokens_per_s = seen.prompt_tokens_per_s;
  const double tokens = seen.decode_tokens_per_s * seen.seconds;
  if (tokens > 0 && seen.energy_j > 0) plan->predicted.energy_j_per_token = seen.energy_j / tokens;
}

std::string DevicesOf(const Plan& plan) {
  std::vector<std::string> names;
  for (const Pool& pool : plan.pools) {
    for (const Replica& replica : pool.replicas) {
      for (const Stage& stage : replica.stages) {
        if (std::find(names.begin(), names.end(), stage.device) == names.end()) {
          names.push_back(stage.device);
        }
      }
    }
  }
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : "+") + name;
  return out;
}

Plan Winner(const std::vector<Contender>& contenders) {
  Plan plan = contenders.front().plan;
  Describe(contenders.front(), &plan);
  // The partitioner's bound holds for its own value, not for what is simulated.
  plan.proof.method = "heuristic";
  plan.proof.bound = plan.proof.gap = kUnknownNumber;
  plan.proof.candidates = static_cast<long>(contenders.size());
  plan.alternatives.clear();
  for (size_t i = 1; i < contenders.size(); ++i) {
    Plan other = contenders[i].plan;
    Describe(contenders[i], &other);
    plan.alternatives.push_back(
        {"on " + DevicesOf(other), other.pools, other.predicted, contenders[i].value});
  }
  return plan;
}

Status CheckObjective(const Objective& objective) {
  if (objective.kind == ObjectiveKind::kLatency || objective.kind == ObjectiveKind::kBottleneck) {
    return Error::Unsupported(std::string("the optimum for ") + ObjectiveName(objective.kind) +
                              " is exact without simulation");
  }
  if (objective.kind == ObjectiveKind::kCost && !(objective.rate_rps > 0)) {
    return Error::Invalid("rate", "the objective cost needs the rate to serve")
        .Fix("--rate REQUESTS_PER_SECOND");
  }
  const bool promised = objective.slo.ttft_s > 0 || objective.slo.itl_s > 0;
  if (objective.kind == ObjectiveKind::kGoodput && !promised) {
    return Error::Invalid("slo", "the objective goodput needs service levels")
        .Fix("--slo ttft=SECONDS,itl=SECONDS");
  }
  return {};
}

}  // namespace

Result<Choice> ChooseBySimulation(const MachineProfile& machine, const Workload& workload,
                                  const Objective& objective, const ChooseOptions& options) {
  TRY(CheckObjective(objective));
  const std::vector<Plan> plans = TRY(Candidates(machine, workload, objective, options.candidates));
  Choice choice;
  for (size_t i = 0; i < plans.size(); ++i) {
    const PlanTrial trial(machine, workload, objective, plans[i], options);
    Contender contender = TRY(trial.Run());
    if (std::isfinite(contender.value)) choice.contenders.push_back(std::move(contender));
    const double part = static_cast<double>(i + 1) / static_cast<double>(plans.size());
    if (options.progress && !options.progress(part)) {
      return Error{Code::kCancelled, "the search was interrupted"};
    }
  }
  if (choice.contenders.empty()) {
    return Error::Unavailable("no placement on this machine keeps up with " +
                              std::to_string(objective.rate_rps) + " requests per second")
        .Fix("lower --rate, or ask for the objective throughput to see what is possible");
  }
  std::stable_sort(choice.contenders.begin(), choice.contenders.end(),
                   [&](const Contender& a, const Contender& b) { return Better(objective, a, b); });
  choice.plan = Winner(choice.contenders);
  return choice;
}

}  // namespace motley
