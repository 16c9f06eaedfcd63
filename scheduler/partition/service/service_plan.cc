#include "scheduler/partition/service/service_plan.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/clock.h"
#include "scheduler/partition/service/candidates.h"
#include "scheduler/partition/service/cost.h"
#include "scheduler/partition/service/goodput.h"

namespace motley {
namespace {

std::set<std::string> DevicesOf(const std::vector<Pool>& pools) {
  std::set<std::string> ids;
  for (const Pool& pool : pools) {
    for (const Replica& replica : pool.replicas) {
      for (const Stage& stage : replica.stages) ids.insert(stage.device);
    }
  }
  return ids;
}

// Of a group that is in use the members are too.
std::set<std::string> InUse(const MachineProfile& machine, const std::vector<Pool>& pools) {
  std::set<std::string> ids = DevicesOf(pools);
  for (const DeviceProfile& device : machine.devices) {
    if (ids.contains(device.id)) ids.insert(device.members.begin(), device.members.end());
  }
  return ids;
}

void ListUnused(const MachineProfile& machine, bool exact, Plan& plan) {
  const std::set<std::string> used = InUse(machine, plan.pools);
  const char* why =
      plan.objective.kind == ObjectiveKind::kCost
          ? "the demand is met for less energy without it"
          : (exact ? "no plan with it serves more" : "no plan found with it serves more");
  for (const DeviceProfile& device : machine.devices) {
    if (used.contains(device.id)) continue;
    plan.unused.push_back({device.id, why});
  }
}

// What is left when one device is gone, for every kind of device in use; and each alone.
void ListAlternatives(const Proposals& proposals, Plan& plan) {
  const ServicePrices& prices = proposals.prices();
  const auto& devices = prices.question().machine.devices;
  const std::set<std::string> used = DevicesOf(plan.pools);
  const auto add = [&](const std::string& change, Result<Proposal> proposal) {
    if (!proposal.ok()) return;
    const double rate = proposal->value.tokens_per_s;
    plan.alternatives.push_back(
        {change, std::move(proposal->pools), std::move(proposal->value.predicted), rate});
  };
  for (int cls = 0; cls < prices.classes(); ++cls) {
    std::string last;
    for (const int device : prices.Class(cls).members) {
      const std::string& id = devices[static_cast<size_t>(device)].id;
      if (used.contains(id)) last = id;
    }
    if (last.empty()) continue;
    const DeviceSets& sets = proposals.sets();
    add("without " + last, proposals.ComparesSets()
                               ? proposals.BestWithin(sets.full() - sets.Stride(cls))
                               : proposals.Without(cls));
  }
  if (!proposals.ComparesSets()) return;
  for (int cls = 0; cls < prices.classes(); ++cls) {
    const auto first = static_cast<size_t>(prices.Class(cls).members[0]);
    if (used.size() == 1 && used.contains(devices[first].id)) continue;
    add("only " + devices[first].id, proposals.TogetherWithin(proposals.sets().Stride(cls)));
  }
}

Result<Plan> Throughput(const Proposals& proposals) {
  Proposal best = TRY(proposals.Best());
  Plan plan = PlanOf(proposals.prices().question(), std::move(best));
  Proof& proof = plan.proof;
  proof.method = proposals.exact() ? "exact" : "bounded";
  proof.bound = std::max(proposals.Bound(), proof.value);
  if (proposals.exact()) proof.bound = proof.value;
  proof.gap = 1 - proof.value / proof.bound;
  proof.candidates = proposals.candidates();
  ListAlternatives(proposals, plan);
  return plan;
}

bool Better(const Objective& objective, const Plan& a, const Plan& b) {
  const bool less = objective.kind == ObjectiveKind::kCost;
  return less ? a.proof.value < b.proof.value : a.proof.value > b.proof.value;
}

Status CheckObjective(const MachineProfile& machine, const Objective& objective) {
  if (objective.output_tokens < 1) {
    return Error::Invalid("output_tokens", "output_tokens is " +
                                               std::to_string(objective.output_tokens) +
                                               ", must be at least 1 for the objective " +
                                               ObjectiveName(objective.kind));
  }
  const double numbers[] = {objective.rate_rps, objective.slo.ttft_s, objective.slo.itl_s};
  const char* const keys[] = {"rate_rps", "slo.ttft_s", "slo.itl_s"};
  for (size_t i = 0; i < std::size(numbers); ++i) {
    if (std::isfinite(numbers[i]) && numbers[i] >= 0) continue;
    return Error::Invalid(keys[i], std::string(keys[i]) + " is " + std::to_string(numbers[i]) +
                                       ", must be finite and at least 0");
  }
  return CheckGroups(machine);
}

Result<Plan> SolveOne(const MachineProfile& machine, const Workload& workload,
                      const Objective& objective) {
  const CostModel model = TRY(CostModel::Make(machine, workload, objective.prompt_tokens));
  const Proposals proposals({machine, workload, objective, model});
  if (objective.kind == ObjectiveKind::kCost) return CheapestPlan(proposals);
  if (objective.kind == ObjectiveKind::kGoodput) return BestGoodput(proposals);
  return Throughput(proposals);
}

}  // namespace

Plan PlanOf(const ServiceQuestion& question, Proposal proposal) {
  Plan plan;
  plan.objective = question.objective;
  plan.pools = std::move(proposal.pools);
  plan.predicted = std::move(proposal.value.predicted);
  plan.proof.value = proposal.value.tokens_per_s;
  plan.proof.binding = proposal.value.binding;
  plan.id = PlanId(plan);
  return plan;
}

Result<Plan> PartitionService(const MachineProfile& machine, const Workload& workload,
                              const Objective& objective) {
  TRY(CheckObjective(machine, objective));
  const int64_t started_ns = RealClock().NowNs();
  Result<Plan> best = Error::Internal("no choice of groups");
  double bound = 0;
  bool exact = true;
  for (const MachineProfile& choice : GroupChoices(machine)) {
    auto plan = SolveOne(choice, workload, objective);
    if (!plan.ok()) {
      if (!best.ok()) best = plan.error();
      continue;
    }
    bound = std::max(bound, plan->proof.bound);
    exact &= plan->proof.method == "exact";
    if (!best.ok() || Better(objective, *plan, *best)) best = std::move(plan);
  }
  if (!best.ok()) return best;
  if (objective.kind == ObjectiveKind::kThroughput && !exact) {
    best->proof.method = "bounded";
    best->proof.bound = bound;
    best->proof.gap = 1 - best->proof.value / bound;
  }
  ListUnused(machine, exact, *best);
  best->proof.solve_ms = SecondsBetween(started_ns, RealClock().NowNs()) * 1e3;
  return best;
}

}  // namespace motley
