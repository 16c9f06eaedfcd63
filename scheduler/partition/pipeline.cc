#include "scheduler/partition/pipeline.h"

#include <cmath>
#include <limits>

#include "base/clock.h"
#include "scheduler/partition/explain/report.h"
#include "scheduler/partition/explain/shortage.h"
#include "scheduler/partition/solve/classes.h"

namespace motley {
namespace {

void Solve(const Problem& problem, StateTable& table) {
  if (problem.kind == ObjectiveKind::kLatency) {
    SolveLatency(problem, table);
  } else {
    SolveBottleneck(problem, table);
  }
}

Error NoPlacement(const Solved& solved, DeviceUse use) {
  const int devices = static_cast<int>(solved.machine.devices.size());
  if (use == DeviceUse::kAll && devices > solved.problem.items) {
    return Error::Invalid("devices", std::to_string(devices) +
                                         " devices cannot all hold an item: "
                                         "the workload has " +
                                         std::to_string(solved.problem.items));
  }
  if (!SomethingFits(solved.machine, solved.workload)) {
    return DescribeShortage(solved.machine, solved.workload);
  }
  Error error;
  error.code = Code::kOutOfMemory;
  error.message = "no placement on all " + std::to_string(devices) +
                  " devices fits in memory; with fewer of them one does";
  error.remedy = "leave a device out with --devices";
  for (const DeviceClass& device : solved.problem.classes) {
    if (AnyRunFits(device)) continue;
    error.field = solved.machine.devices[device.members[0]].id;
    error.message += ": no item fits on " + error.field;
  }
  return error;
}

// The dynamic program and the evaluator share no arithmetic; if they disagree, one of them is wrong
// and the plan is not to be trusted.
Status CheckValue(double solved, double evaluated) {
  const double slack = 1e-9 * std::max(std::abs(solved), std::abs(evaluated));
  if (std::abs(solved - evaluated) <= slack) return {};
  return Error::Internal("the plan's value is " + std::to_string(evaluated) +
                         " us, the solver said " + std::to_string(solved));
}

}  // namespace

Result<Plan> PartitionPipeline(const MachineProfile& machine, const Workload& workload,
                               const Objective& objective, DeviceUse use, StageModes modes) {
  TRY(CheckGroups(machine));
  const int64_t started_ns = RealClock().NowNs();
  const Costs costs = TRY(PriceItems(machine, workload, objective));
  const Problem problem = BuildProblem(machine, workload, objective, costs, modes);
  StateTable table = TRY(StateTable::Make(problem));
  Solve(problem, table);
  Solved solved{machine, workload, objective, costs, problem, table, {}};
  solved.finals.assign(table.states(), std::numeric_limits<double>::infinity());
  for (int state = 1; state < table.states(); ++state) solved.finals[state] = table.Final(state);
  const bool all_fits = std::isfinite(solved.finals[table.full()]);
  const int chosen =
      use == DeviceUse::kAny ? BestState(solved, -1, 0, 0) : (all_fits ? table.full() : 0);
  if (chosen == 0) return NoPlacement(solved, use);

  Plan plan = TRY(EvaluatePriced(machine, workload, objective, costs, StagesOf(solved, chosen)));
  TRY(CheckValue(solved.finals[chosen], plan.proof.value));
  plan.proof.method = "exact";
  plan.proof.bound = plan.proof.value;
  plan.proof.gap = 0;
  plan.proof.candidates = table.rows() * problem.items;
  plan.proof.solve_ms = SecondsBetween(started_ns, RealClock().NowNs()) * 1e3;
  plan.proof.binding = FindBinding(solved, plan);
  ExplainUnused(solved, chosen, plan);
  AddAlternatives(solved, chosen, plan);
  return plan;
}

}  // namespace motley
