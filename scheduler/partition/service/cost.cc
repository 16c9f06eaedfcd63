#include "scheduler/partition/service/cost.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "scheduler/partition/service/candidates.h"

namespace motley {
namespace {

// Sets that are looked at before the scan gives up on being complete.
constexpr size_t kMostSets = 4096;

class Scan {
 public:
  explicit Scan(const Proposals& proposals)
      : proposals_(proposals), question_(proposals.prices().question()) {
    demand_ = question_.objective.rate_rps * question_.objective.output_tokens;
  }

  Result<Plan> Run() {
    size_t looked_at = 0;
    for (const int state : ByIdlePower()) {
      // Awake and doing nothing, they would already need more.
      if (demand_ > 0 && Idle(state) / demand_ >= best_) break;
      if (looked_at++ >= kMostSets) complete_ = false;
      if (!complete_) break;
      Offer(proposals_.TogetherWithin(state));
    }
    return Finish();
  }

  Result<Plan> OfOneOnly() {
    complete_ = false;
    Offer(proposals_.Best());
    return Finish();
  }

 private:
  bool Meets(double rate) const { return rate > 0 && rate >= demand_ * (1 - 1e-9); }

  double Idle(int state) const {
    double watts = 0;
    for (int cls = 0; cls < proposals_.sets().classes(); ++cls) {
      const auto device = static_cast<size_t>(proposals_.prices().Class(cls).members[0]);
      watts += proposals_.sets().Count(state, cls) * question_.machine.devices[device].idle_w;
    }
    return watts;
  }

  // A set whose best plan leaves a device out is the same as the one without it.
  bool UsesAll(int state) const {
    const DeviceSets& sets = proposals_.sets();
    for (int cls = 0; cls < sets.classes(); ++cls) {
      if (sets.Count(state, cls) == 0) continue;
      if (proposals_.Rate(state - sets.Stride(cls)) >= proposals_.Rate(state)) return false;
    }
    return true;
  }

  std::vector<int> ByIdlePower() const {
    std::vector<int> states;
    for (int state = 1; state < proposals_.sets().states(); ++state) {
      if (Meets(proposals_.Rate(state)) && UsesAll(state)) states.push_back(state);
    }
    std::stable_sort(states.begin(), states.end(), [&](int a, int b) { return Idle(a) < Idle(b); });
    return states;
  }

  void Offer(Result<Proposal> proposal) {
    if (!proposal.ok()) return;
    most_ = std::max(most_, proposal->value.tokens_per_s);
    if (!Meets(proposal->value.tokens_per_s)) return;
    const double rate = demand_ > 0 ? demand_ : proposal->value.tokens_per_s;
    const double joules = EnergyPerToken(question_.machine, proposal->value, rate);
    if (std::isnan(joules)) unknown_power_ = true;
    if (!(joules < best_)) return;
    best_ = joules;
    chosen_ = std::move(*proposal);
    chosen_.value.predicted.energy_j_per_token = joules;
  }

  Result<Plan> Finish() {
    if (std::isfinite(best_)) {
      Plan plan = PlanOf(question_, std::move(chosen_));
      plan.proof.value = best_;
      plan.proof.method = complete_ && !unknown_power_ ? "exact" : "heuristic";
      plan.proof.bound = complete_ && !unknown_power_ ? best_ : kUnknownNumber;
      plan.proof.gap = complete_ && !unknown_power_ ? 0 : kUnknownNumber;
      plan.proof.candidates = proposals_.candidates();
      return plan;
    }
    if (unknown_power_) {
      return Error::Invalid("power", "the objective cost needs power.busy_w of the devices")
          .Fix("give the devices' power in the machine file");
    }
    const auto best = proposals_.Best();
    if (!best.ok()) return best.error();
    const double output = question_.objective.output_tokens;
    return Error::Invalid("rate_rps", "rate_rps is " +
                                          std::to_string(question_.objective.rate_rps) +
                                          ", the most that is found is " +
                                          std::to_string(best->value.tokens_per_s / output))
        .Fix("ask for a lower --rate, or add devices");
  }

  const Proposals& proposals_;
  const ServiceQuestion question_;
  double demand_ = 0, most_ = 0, best_ = std::numeric_limits<double>::infinity();
  bool complete_ = true, unknown_power_ = false;
  Proposal chosen_;
};

}  // namespace

Result<Plan> CheapestPlan(const Proposals& proposals) {
  return proposals.ComparesSets() ? Scan(proposals).Run() : Scan(proposals).OfOneOnly();
}

}  // namespace motley
