#include <algorithm>

#include "scheduler/partition/explain/shortage.h"
#include "scheduler/partition/partitioner.h"
#include "scheduler/partition/pipeline.h"
#include "scheduler/partition/service/candidates.h"
#include "scheduler/partition/service/service_plan.h"
#include "scheduler/partition/solve/classes.h"

namespace motley {
namespace {

bool IsOfOneRequest(const Objective& objective) {
  return objective.kind == ObjectiveKind::kLatency || objective.kind == ObjectiveKind::kBottleneck;
}

// The three ways to make it fit that ask for the least, each with what it would give.
Error WithWays(Error error, const MachineProfile& machine, const Workload& workload,
               const Objective& objective) {
  std::string ways;
  int listed = 0;
  for (const WayToFit& way : WaysToFit(machine, workload)) {
    const auto plan =
        PartitionPipeline(way.machine, way.workload, objective, DeviceUse::kAny, way.modes);
    if (!plan.ok() || listed == 3) continue;
    char predicted[64];
    const double rate = plan->predicted.decode_tokens_per_s;
    std::snprintf(predicted, sizeof predicted, rate < 1000 ? ": %.3g tok/s" : ": %.0f tok/s", rate);
    ways += (listed++ > 0 ? "; " : "") + way.change + predicted;
  }
  if (listed > 0) error.remedy = ways;
  return error;
}

std::vector<Plan> ListFor(const MachineProfile& machine, const Workload& workload,
                          const Objective& objective, const CostModel& model, int most) {
  return ListCandidates(Proposals({machine, workload, objective, model}), most);
}

}  // namespace

Result<std::vector<Plan>> Candidates(const MachineProfile& machine, const Workload& workload,
                                     const Objective& objective, int most) {
  TRY(CheckGroups(machine));
  std::vector<Plan> plans;
  for (const MachineProfile& choice : GroupChoices(machine)) {
    const CostModel model = TRY(CostModel::Make(choice, workload, objective.prompt_tokens));
    auto more = ListFor(choice, workload, objective, model, most);
    std::move(more.begin(), more.end(), std::back_inserter(plans));
  }
  if (plans.empty()) return Partition(machine, workload, objective).error();
  return plans;
}

Result<Plan> Partition(const MachineProfile& machine, const Workload& workload,
                       const Objective& objective, DeviceUse use, StageModes modes) {
  auto plan = IsOfOneRequest(objective)
                  ? PartitionPipeline(machine, workload, objective, use, modes)
                  : PartitionService(machine, workload, objective);
  if (plan.ok() || plan.error().code != Code::kOutOfMemory) return plan;
  if (IsOfOneRequest(objective)) {
    if (SomethingFits(machine, workload)) return plan;
    return WithWays(plan.error(), machine, workload, objective);
  }
  Workload one = workload;
  one.context_tokens = objective.prompt_tokens + std::max(1, objective.output_tokens);
  const Error error = DescribeNoService(machine, workload, objective);
  if (SomethingFits(machine, one)) return error;
  Objective latency = objective;
  latency.kind = ObjectiveKind::kLatency;
  return WithWays(error, machine, one, latency);
}

}  // namespace motley
