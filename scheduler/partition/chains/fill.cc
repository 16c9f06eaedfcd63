#include "scheduler/partition/chains/fill.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace motley {
namespace {

constexpr int kHalvings = 14;

double CycleOf(const ServicePrices& prices, Phase phase, int batch, const Chain& chain) {
  double slowest = 0;
  for (size_t i = 0; i < chain.stages.size(); ++i) {
    const ChainStage& stage = chain.stages[i];
    const CycleTimes& cycle = prices.Cycle(phase, batch, stage.cls);
    double us = cycle.fixed + cycle.prefix[static_cast<size_t>(stage.end)] -
                cycle.prefix[static_cast<size_t>(stage.first)];
    if (i > 0) us += cycle.boundary[static_cast<size_t>(chain.stages[i - 1].cls)];
    slowest = std::max(slowest, us / stage.count);
  }
  return slowest;
}

}  // namespace

ChainFiller::ChainFiller(const ServicePrices& prices, Phase phase)
    : prices_(prices), phase_(phase) {
  const int middle = static_cast<int>(MicroBatches(phase).size()) / 2;
  for (int cls = 0; cls < prices.classes(); ++cls) order_.push_back(cls);
  std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) {
    return prices.Cycle(phase, middle, a).prefix.back() <
           prices.Cycle(phase, middle, b).prefix.back();
  });
}

int ChainFiller::Furthest(int cls, int count, int first, int batch, double sequences,
                          double budget_us) const {
  const auto& prefix = prices_.Cycle(phase_, batch, cls).prefix;
  const ServiceQuestion& q = prices_.question();
  const double usable =
      q.machine.devices[static_cast<size_t>(prices_.Class(cls).members[0])].usable_bytes;
  const double tokens = sequences / count * SequenceTokens(q.objective, phase_);
  int good = first, bad = prices_.items() + 1;
  while (bad - good > 1) {
    const int end = (good + bad) / 2;
    const bool fits =
        prefix[static_cast<size_t>(end)] - prefix[static_cast<size_t>(first)] <= budget_us &&
        prices_.WeightBytes(first, end) + tokens * prices_.KvBytesPerToken(first, end) <= usable;
    (fits ? good : bad) = end;
  }
  return good;
}

bool ChainFiller::Fill(const std::vector<int>& counts, int batch, double in_flight, double cycle_us,
                       Chain& chain) const {
  chain.stages.clear();
  int position = 0, previous = -1;
  for (const int cls : order_) {
    const int devices = counts[static_cast<size_t>(cls)];
    const CycleTimes& cycle = prices_.Cycle(phase_, batch, cls);
    // reach[j]: the furthest item that j devices of the class get to.
    std::vector<int> reach(static_cast<size_t>(devices) + 1, position), group(reach.size(), 0);
    for (int used = 1; used <= devices; ++used) {
      reach[static_cast<size_t>(used)] = reach[static_cast<size_t>(used) - 1];
      for (int count = 1; count <= used; ++count) {
        const int from = reach[static_cast<size_t>(used - count)];
        const int before = from > position ? cls : previous;
        const double link = before < 0 ? 0 : cycle.boundary[static_cast<size_t>(before)];
        const double budget = cycle_us * count - cycle.fixed - link;
        if (budget < 0) continue;
        const int end = Furthest(cls, count, from, batch, in_flight, budget);
        if (end <= reach[static_cast<size_t>(used)]) continue;
        reach[static_cast<size_t>(used)] = end;
        group[static_cast<size_t>(used)] = count;
      }
    }
    std::vector<ChainStage> stages;
    for (int used = devices; used > 0;) {
      const int count = group[static_cast<size_t>(used)];
      if (count == 0) {
        --used;
        continue;
      }
      stages.push_back(
          {cls, count, reach[static_cast<size_t>(used - count)], reach[static_cast<size_t>(used)]});
      used -= count;
    }
    chain.stages.insert(chain.stages.end(), stages.rbegin(), stages.rend());
    position = reach.back();
    if (!stages.empty()) previous = cls;
    if (position == prices_.items()) return true;
  }
  return false;
}

void ChainFiller::Improve(const std::vector<int>& counts, int batch, Chain& best) const {
  int devices = 0;
  for (const int count : counts) devices += count;
  const int micro_batch = MicroBatches(phase_)[static_cast<size_t>(batch)];
  const double tokens = TokensPerCycle(prices_.question().objective, phase_, micro_batch) * 1e6;
  const double in_flight = 1.0 * micro_batch * devices;
  Chain chain;
  double good =
      best.rate > 0 ? tokens / (best.rate * (1 + 1e-9)) : std::numeric_limits<double>::max();
  double bad = 0;
  for (int i = 0; i < kHalvings; ++i) {
    // The first trial is whether anything better is there at all.
    const double trial = i == 0 ? good : (good + bad) / 2;
    if (!Fill(counts, batch, in_flight, trial, chain)) {
      if (i == 0) return;
      bad = trial;
      continue;
    }
    good = CycleOf(prices_, phase_, batch, chain);
    if (tokens / std::max(good, 1e-3) <= best.rate) continue;
    best.stages = chain.stages;
    best.micro_batch = micro_batch;
    best.rate = tokens / std::max(good, 1e-3);
  }
}

Chain ChainFiller::Best(const std::vector<int>& counts) const {
  Chain best;
  const int batches = static_cast<int>(MicroBatches(phase_).size());
  for (int batch = batches - 1; batch >= 0; --batch) {
    bool known = true;
    for (size_t cls = 0; cls < counts.size(); ++cls) {
      if (counts[cls] == 0) continue;
      known &= std::isfinite(prices_.Cycle(phase_, batch, static_cast<int>(cls)).prefix.back());
    }
    if (known) Improve(counts, batch, best);
  }
  return best;
}

}  // namespace motley
