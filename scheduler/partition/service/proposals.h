#pragma once
// The plans for many requests of one machine: the best pools of chains for both phases, split into
// prefill and decode, on every set of devices where sets can be compared. Pure, one thread.

#include <memory>
#include <string>
#include <vector>

#include "scheduler/partition/chains/chains.h"
#include "scheduler/partition/chains/unions.h"
#include "scheduler/partition/service/evaluate_service.h"
#include "scheduler/plan.h"

namespace motley {

struct Proposal {
  std::vector<Pool> pools;
  ServiceValue value;
};

class Proposals {
 public:
  explicit Proposals(const ServiceQuestion& question);

  // The most generated tokens per second; nothing when no plan fits.
  Result<Proposal> Best() const;
  // Whether Best() is the optimum of the plans that docs/formats.md defines; if not, no plan passes
  // Bound().
  bool exact() const { return exact_; }
  double Bound() const { return bound_; }
  long candidates() const;

  // Where every set was compared: the sets, and the best plans within one.
  bool ComparesSets() const { return both_ != nullptr; }
  const DeviceSets& sets() const { return sets_; }
  double Rate(int state) const { return unions_->Rate(state); }
  Result<Proposal> TogetherWithin(int state) const;
  Result<Proposal> SplitWithin(int state) const;  // nothing where splits were not compared
  Result<Proposal> BestWithin(int state) const;
  // Where they were not: the plan found when one device of the class is gone.
  Result<Proposal> Without(int cls) const;
  const ServicePrices& prices() const { return prices_; }

 private:
  void CompareSets();
  void CompareSplits();
  double SplitRate(int state, int prefill_state) const;
  std::vector<int> SplitsAbove(int state, double rate) const;
  Result<Proposal> Searched(const std::vector<int>& counts, int trials) const;
  Result<Proposal> SearchedSplit() const;
  void Prefer(Result<Proposal> other);  // where it is better than the best so far
  Result<Proposal> Split(int state, int prefill_state) const;
  Result<Proposal> Evaluated(std::vector<Pool> pools) const;

  const ServiceQuestion question_;
  const ServicePrices prices_;
  const DeviceSets sets_;
  bool exact_ = false;
  double bound_ = 0;
  // Of both phases, prefill, decode; null where the sets are too many.
  std::unique_ptr<ChainRates> both_, prefill_, decode_;
  std::unique_ptr<ChainUnions> unions_, prefills_, decodes_;
  Result<Proposal> best_;
};

}  // namespace motley
