#include "scheduler/partition/service/proposals.h"

#include <algorithm>

#include "scheduler/partition/chains/bound.h"
#include "scheduler/partition/chains/search.h"
#include "scheduler/partition/service/assemble.h"

namespace motley {
namespace {

// Inner steps that may be spent on comparing every set of devices: a few seconds.
constexpr double kMostWork = 6e8, kMostPairs = 2e8, kMostStates = 1 << 16;
// Prefill sets that are evaluated with their KV memory's way over the links.
constexpr size_t kMostSplits = 12;
// Chains tried by the search where sets are too many, and for each plan without a device.
constexpr int kMostTrials = 6000, kFewTrials = 300;

bool Comparable(const ServicePrices& prices, Phase phase, const DeviceSets& sets) {
  return ChainRates::Work(prices, phase, sets) < kMostWork && ChainUnions::Work(sets) < kMostPairs;
}

std::vector<int> CountsWithin(const ServicePrices& prices) {
  std::vector<int> counts = prices.Counts();
  // Sets that are not compared are not numbered either.
  return DeviceSets::Number(counts) > kMostStates ? std::vector<int>(counts.size(), 0) : counts;
}

Error NothingFits() {
  Error error;
  error.code = Code::kOutOfMemory;
  error.message = "no placement fits in memory";
  return error;
}

std::vector<Chain> ChainsOf(const ChainRates& rates, const std::vector<int>& states) {
  std::vector<Chain> chains;
  for (const int state : states) chains.push_back(rates.Best(state));
  return chains;
}

}  // namespace

Proposals::Proposals(const ServiceQuestion& question)
    : question_(question), prices_(question), sets_(CountsWithin(prices_)), best_(NothingFits()) {
  if (sets_.full() > 0 && Comparable(prices_, Phase::kBoth, sets_)) CompareSets();
  if (!ComparesSets()) {
    best_ = Searched(prices_.Counts(), kMostTrials);
    bound_ = ThroughputBound(prices_);
    if (question.objective.prompt_tokens > 0) Prefer(SearchedSplit());
    return;
  }
  const bool split = question.objective.prompt_tokens > 0 && sets_.Used(sets_.full()) > 1;
  const bool comparable = Comparable(prices_, Phase::kDecode, sets_);
  if (split && comparable) CompareSplits();
  best_ = BestWithin(sets_.full());
  bound_ = Rate(sets_.full());
  if (split && !comparable) {
    bound_ = ThroughputBound(prices_);
    Prefer(SearchedSplit());
  }
  if (prefills_) {
    const double best = best_.ok() ? best_->value.tokens_per_s : 0;
    for (const int state : SplitsAbove(sets_.full(), best)) {
      bound_ = std::max(bound_, SplitRate(sets_.full(), state));
    }
    bound_ = std::max(bound_, best);
  }
  exact_ = best_.ok() && bound_ <= best_->value.tokens_per_s * (1 + 1e-9);
}

void Proposals::CompareSets() {
  both_ = std::make_unique<ChainRates>(prices_, Phase::kBoth, sets_);
  unions_ = std::make_unique<ChainUnions>(*both_, sets_);
}

void Proposals::CompareSplits() {
  prefill_ = std::make_unique<ChainRates>(prices_, Phase::kPrefill, sets_);
  decode_ = std::make_unique<ChainRates>(prices_, Phase::kDecode, sets_);
  prefills_ = std::make_unique<ChainUnions>(*prefill_, sets_);
  decodes_ = std::make_unique<ChainUnions>(*decode_, sets_);
}

double Proposals::SplitRate(int state, int prefill_state) const {
  return std::min(prefills_->Rate(prefill_state), decodes_->Rate(state - prefill_state));
}

// The sets of devices that prefill, the most promising first.
std::vector<int> Proposals::SplitsAbove(int state, double rate) const {
  std::vector<int> above;
  if (!prefills_) return above;
  for (int part = 1; part < state; ++part) {
    bool within = true;
    for (int cls = 0; cls < sets_.classes(); ++cls) {
      within &= sets_.Count(part, cls) <= sets_.Count(state, cls);
    }
    if (within && SplitRate(state, part) > rate * (1 + 1e-9)) above.push_back(part);
  }
  std::stable_sort(above.begin(), above.end(),
                   [&](int a, int b) { return SplitRate(state, a) > SplitRate(state, b); });
  return above;
}

// cost-model 2(c). What the links carry of KV memory is seen only when a split is evaluated, so the
// splits are tried in order of what they could reach without that.
Result<Proposal> Proposals::SplitWithin(int state) const {
  Result<Proposal> best = NothingFits();
  double rate = 0;
  const std::vector<int> parts = SplitsAbove(state, 0);
  for (size_t i = 0; i < parts.size() && i < kMostSplits; ++i) {
    if (SplitRate(state, parts[i]) <= rate * (1 + 1e-9)) break;
    auto split = Split(state, parts[i]);
    if (!split.ok() || split->value.tokens_per_s <= rate) continue;
    rate = split->value.tokens_per_s;
    best = std::move(split);
  }
  return best;
}

// One pool for both phases unless two are better.
Result<Proposal> Proposals::BestWithin(int state) const {
  auto together = TogetherWithin(state);
  if (!prefills_) return together;
  const double rate = together.ok() ? together->value.tokens_per_s : 0;
  if (SplitsAbove(state, rate).empty()) return together;
  auto split = SplitWithin(state);
  if (!split.ok() || split->value.tokens_per_s <= rate * (1 + 1e-9)) return together;
  return split;
}

Result<Proposal> Proposals::Evaluated(std::vector<Pool> pools) const {
  Proposal proposal{std::move(pools), {}};
  proposal.value = TRY(EvaluateService(question_.machine, question_.workload, question_.objective,
                                       question_.model, proposal.pools));
  return proposal;
}

Result<Proposal> Proposals::TogetherWithin(int state) const {
  const std::vector<Chain> chains = ChainsOf(*both_, unions_->Chains(state));
  if (chains.empty()) return NothingFits();
  DeviceNames names(prices_);
  return Evaluated({MakePool(prices_, Phase::kBoth, chains, names)});
}

Result<Proposal> Proposals::Searched(const std::vector<int>& counts, int trials) const {
  const std::vector<Chain> chains = SearchChains(prices_, Phase::kBoth, counts, trials);
  if (chains.empty()) return NothingFits();
  DeviceNames names(prices_);
  return Evaluated({MakePool(prices_, Phase::kBoth, chains, names)});
}

Result<Proposal> Proposals::SearchedSplit() const {
  const SplitChains split = SearchSplit(prices_, kFewTrials);
  if (split.prefill.empty() || split.decode.empty()) return NothingFits();
  DeviceNames names(prices_);
  Pool first = MakePool(prices_, Phase::kPrefill, split.prefill, names);
  Pool second = MakePool(prices_, Phase::kDecode, split.decode, names);
  return Evaluated({std::move(first), std::move(second)});
}

void Proposals::Prefer(Result<Proposal> other) {
  if (!other.ok()) return;
  const double rate = best_.ok() ? best_->value.tokens_per_s : 0;
  if (other->value.tokens_per_s > rate * (1 + 1e-9)) best_ = std::move(other);
}

Result<Proposal> Proposals::Without(int cls) const {
  std::vector<int> counts = prices_.Counts();
  --counts[static_cast<size_t>(cls)];
  return Searched(counts, kFewTrials);
}

Result<Proposal> Proposals::Split(int state, int prefill_state) const {
  DeviceNames names(prices_);
  const auto prefill = ChainsOf(*prefill_, prefills_->Chains(prefill_state));
  const auto decode = ChainsOf(*decode_, decodes_->Chains(state - prefill_state));
  Pool first = MakePool(prices_, Phase::kPrefill, prefill, names);
  Pool second = MakePool(prices_, Phase::kDecode, decode, names);
  return Evaluated({std::move(first), std::move(second)});
}

Result<Proposal> Proposals::Best() const { return best_; }

long Proposals::candidates() const {
  long sum = 0;
  for (const auto* rates : {both_.get(), prefill_.get(), decode_.get()}) {
    if (rates) sum += rates->candidates();
  }
  return sum;
}

}  // namespace motley
