#include "scheduler/partition/service/candidates.h"

#include <algorithm>
#include <set>

#include "scheduler/partition/partitioner.h"
#include "scheduler/partition/service/goodput.h"

namespace motley {
namespace {

struct Found {
  Proposal proposal;
  bool alone = false;
};

void Add(Result<Proposal> proposal, bool alone, std::vector<Found>& found) {
  if (proposal.ok()) found.push_back({std::move(*proposal), alone});
}

// The stages of a plan for one request, with the largest batch that its memory allows.
Result<Proposal> AsService(const ServiceQuestion& q, const std::vector<Stage>& stages) {
  Result<Proposal> best = Error::Internal("no batch fits");
  const double tokens = SequenceTokens(q.objective, Phase::kBoth);
  for (const int batch : kMicroBatches) {
    const int sequences = batch * static_cast<int>(stages.size());
    auto pools = OnePipeline(stages, sequences * tokens, sequences);
    pools[0].replicas[0].micro_batch = batch;
    auto value = EvaluateService(q.machine, q.workload, q.objective, q.model, pools);
    if (!value.ok()) break;
    if (best.ok() && value->tokens_per_s <= best->value.tokens_per_s) continue;
    best = Proposal{std::move(pools), std::move(*value)};
  }
  return best;
}

void AddPlansForOne(const ServiceQuestion& q, std::vector<Found>& found) {
  for (const ObjectiveKind kind : {ObjectiveKind::kLatency, ObjectiveKind::kBottleneck}) {
    Objective objective = q.objective;
    objective.kind = kind;
    const auto plan = Partition(q.machine, q.workload, objective);
    if (plan.ok()) Add(AsService(q, plan->stages()), false, found);
  }
}

// Of every number of devices the set that serves the most.
void AddSets(const Proposals& proposals, std::vector<Found>& found) {
  const DeviceSets& sets = proposals.sets();
  std::vector<int> best(static_cast<size_t>(sets.Used(sets.full())) + 1, 0);
  for (int state = 1; state < sets.states(); ++state) {
    int& of_size = best[static_cast<size_t>(sets.Used(state))];
    if (of_size == 0 || proposals.Rate(state) > proposals.Rate(of_size)) of_size = state;
  }
  for (size_t size = 1; size < best.size(); ++size) {
    Add(proposals.TogetherWithin(best[size]), false, found);
  }
  Add(proposals.SplitWithin(sets.full()), false, found);
  for (int cls = 0; cls < sets.classes(); ++cls) {
    Add(proposals.TogetherWithin(sets.Stride(cls)), true, found);
  }
}

}  // namespace

std::vector<Plan> ListCandidates(const Proposals& proposals, int most) {
  const ServiceQuestion& q = proposals.prices().question();
  std::vector<Found> found;
  Add(proposals.Best(), false, found);
  AddPlansForOne(q, found);
  if (proposals.ComparesSets()) AddSets(proposals, found);
  std::vector<std::pair<Plan, bool>> plans;
  for (Found& one : found) {
    const bool goodput = q.objective.kind == ObjectiveKind::kGoodput;
    Screened screened{std::move(one.proposal), 0};
    if (goodput) screened = ScreenGoodput(q, screened.proposal);
    Plan plan = PlanOf(q, std::move(screened.proposal));
    if (goodput) plan.proof.value = screened.goodput_rps;
    plan.proof.method = "heuristic";
    plans.emplace_back(std::move(plan), one.alone);
  }
  std::stable_sort(plans.begin(), plans.end(), [](const auto& a, const auto& b) {
    return a.first.proof.value > b.first.proof.value;
  });
  std::vector<Plan> out, alone;
  std::set<std::string> seen;
  for (auto& [plan, is_alone] : plans) {
    if (!seen.insert(plan.id).second) continue;
    if (static_cast<int>(out.size()) < most) {
      out.push_back(std::move(plan));
    } else if (is_alone) {
      alone.push_back(std::move(plan));
    }
  }
  std::move(alone.begin(), alone.end(), std::back_inserter(out));
  return out;
}

Result<Plan> BestGoodput(const Proposals& proposals) {
  std::vector<Plan> plans = ListCandidates(proposals, 1);
  if (plans.empty()) return proposals.Best().error();
  const ServiceQuestion& q = proposals.prices().question();
  Plan plan = std::move(plans.front());
  if (!(plan.proof.value > 0)) {
    const Slo& slo = q.objective.slo;
    return Error::Invalid("slo", "no plan is within ttft " + std::to_string(slo.ttft_s) +
                                     " s and itl " + std::to_string(slo.itl_s) +
                                     " s, the best found has ttft " +
                                     std::to_string(plan.predicted.ttft_s) + " s and itl " +
                                     std::to_string(plan.predicted.itl_s) + " s at full load")
        .Fix("allow longer times with --slo, or plan for shorter prompts with --prompt");
  }
  plan.proof.bound = std::max(proposals.Bound() / q.objective.output_tokens, plan.proof.value);
  plan.proof.gap = 1 - plan.proof.value / plan.proof.bound;
  return plan;
}

}  // namespace motley
