#include "scheduler/partition/chains/chains.h"

#include <algorithm>
#include <limits>

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Decision {
  uint16_t start = 0;
  uint8_t before = 0, count = 0;
};

struct Candidate {
  double value, prefix;
  int start;
};

// cost-model 2(b) for one micro-batch, over sets of up to so many devices, each with sequences in
// flight for that number: value(S, c, e) = min over k devices of class c, the class p before and i
// of max(value(S - k c, p, i), (link(p, c) + time_c(i, e)) / k). As in solve/bottleneck.cc, one
// pass with a queue for each (S, c, k, p).
class ChainSweep {
 public:
  ChainSweep(const ServicePrices& prices, Phase phase, const DeviceSets& sets, int batch,
             std::vector<Decision>* decisions)
      : prices_(prices),
        phase_(phase),
        sets_(sets),
        batch_(batch),
        length_(prices.items() + 1),
        values_(static_cast<size_t>(sets.states()) * sets.classes() * length_, kInfinity),
        decisions_(decisions),
        queue_(length_) {
    if (decisions_) decisions_->resize(values_.size());
  }

  // Sets of up to `levels` devices with sequences in flight for so many. Where that leaves every
  // device the same runs as the level before, only the larger sets are new. False when nothing fits
  // beside the KV memory: then nothing does with more either.
  bool Run(int levels) {
    const bool same = FindRuns(levels);
    if (!any_fits_) return false;
    const int least = same ? done_levels_ + 1 : 1;
    if (!same) std::fill(values_.begin(), values_.end(), kInfinity);
    done_levels_ = levels;
    for (int state = 1; state < sets_.states(); ++state) {
      const int used = sets_.Used(state);
      if (used < least || used > levels) continue;
      for (int cls = 0; cls < sets_.classes(); ++cls) {
        for (int count = 1; count <= sets_.Count(state, cls); ++count) {
          AddStage(state, cls, count);
        }
      }
    }
    return true;
  }

  double Final(int state) const {
    double best = kInfinity;
    for (int cls = 0; cls < sets_.classes(); ++cls)
      best = std::min(best, Row(state, cls)[length_ - 1]);
    return best;
  }

  std::vector<ChainStage> Trace(int state) const {
    int cls = 0, end = length_ - 1;
    for (int other = 1; other < sets_.classes(); ++other) {
      if (Row(state, other)[end] < Row(state, cls)[end]) cls = other;
    }
    std::vector<ChainStage> stages;
    while (state != 0) {
      const Decision& last = (*decisions_)[Index(state, cls) + static_cast<size_t>(end)];
      stages.push_back({cls, last.count, last.start, end});
      state -= last.count * sets_.Stride(cls);
      cls = last.before;
      end = last.start;
    }
    std::reverse(stages.begin(), stages.end());
    return stages;
  }

 private:
  size_t Index(int state, int cls) const {
    return (static_cast<size_t>(state) * sets_.classes() + cls) * length_;
  }
  const double* Row(int state, int cls) const { return values_.data() + Index(state, cls); }

  // Whether all are as they were.
  bool FindRuns(int levels) {
    const int micro_batch = MicroBatches(phase_)[static_cast<size_t>(batch_)];
    std::vector<std::vector<FittingRuns>> runs(static_cast<size_t>(sets_.classes()));
    any_fits_ = false;
    for (int cls = 0; cls < sets_.classes(); ++cls) {
      for (int count = 1; count <= sets_.Most(cls); ++count) {
        const double sequences = 1.0 * micro_batch * levels / count;
        runs[static_cast<size_t>(cls)].push_back(prices_.Fitting(phase_, cls, sequences));
        any_fits_ |= runs[static_cast<size_t>(cls)].back().Any();
      }
    }
    const bool same = runs == runs_;
    runs_ = std::move(runs);
    return same;
  }

  void Offer(size_t row, int end, double value, Decision decision) {
    if (!(value < values_[row + static_cast<size_t>(end)])) return;
    values_[row + static_cast<size_t>(end)] = value;
    if (decisions_) (*decisions_)[row + static_cast<size_t>(end)] = decision;
  }

  void AddStage(int state, int cls, int count) {
    const CycleTimes& cycle = prices_.Cycle(phase_, batch_, cls);
    const FittingRuns& runs = runs_[static_cast<size_t>(cls)][static_cast<size_t>(count) - 1];
    const int before = state - count * sets_.Stride(cls);
    const auto packed = static_cast<uint8_t>(count);
    if (before == 0) {
      for (int end = 1; end < length_; ++end) {
        if (!runs.Fits(0, end)) continue;
        Offer(Index(state, cls), end,
              (cycle.fixed + cycle.prefix[static_cast<size_t>(end)]) / count, {0, 0, packed});
      }
      return;
    }
    for (int from = 0; from < sets_.classes(); ++from) {
      if (sets_.Count(before, from) == 0) continue;
      AfterClass(state, cls, before, from, count, cycle, runs);
    }
  }

  void AfterClass(int state, int cls, int before, int from, int count, const CycleTimes& cycle,
                  const FittingRuns& runs) {
    const double* row = Row(before, from);
    const size_t mine = Index(state, cls);
    const double share = 1.0 / count;
    const double link = (cycle.fixed + cycle.boundary[static_cast<size_t>(from)]) * share;
    const double* prefix = cycle.prefix.data();
    const auto decide = [&](int start) {
      return Decision{static_cast<uint16_t>(start), static_cast<uint8_t>(from),
                      static_cast<uint8_t>(count)};
    };
    int first = 1;
    while (first < length_ && row[first] == kInfinity) ++first;
    const Candidate* head = queue_.data();
    Candidate* tail = queue_.data();
    for (int end = first + 1; end < length_; ++end) {
      const double value = row[end - 1];
      if (value < kInfinity) {
        while (tail > head && tail[-1].value >= value) --tail;
        *tail++ = {value, prefix[end - 1] * share, end - 1};
      }
      while (head < tail && head->start < runs.lo[static_cast<size_t>(end)]) ++head;
      const double to_end = link + prefix[end] * share;
      while (tail - head > 1 && to_end - head->prefix >= head[1].value) ++head;
      if (head == tail) continue;
      Offer(mine, end, std::max(head->value, to_end - head->prefix), decide(head->start));
    }
    for (int end = 1; !runs.extra.empty() && end < length_; ++end) {
      for (const int start : runs.extra[static_cast<size_t>(end)]) {
        const double stage = link + (prefix[end] - prefix[start]) * share;
        Offer(mine, end, std::max(row[start], stage), decide(start));
      }
    }
  }

  const ServicePrices& prices_;
  const Phase phase_;
  const DeviceSets& sets_;
  const int batch_, length_;
  int done_levels_ = 0;
  bool any_fits_ = false;
  std::vector<std::vector<FittingRuns>> runs_;  // [class][count - 1]
  std::vector<double> values_;
  std::vector<Decision>* const decisions_;
  std::vector<Candidate> queue_;
};

double RateOf(const ServicePrices& prices, Phase phase, int batch, double cycle_us) {
  const int micro_batch = MicroBatches(phase)[static_cast<size_t>(batch)];
  // A model that takes no time at all is no better than one that takes a nanosecond.
  return TokensPerCycle(prices.question().objective, phase, micro_batch) * 1e6 /
         std::max(cycle_us, 1e-3);
}

}  // namespace

DeviceSets::DeviceSets(std::vector<int> most) : most_(std::move(most)) {
  for (const int count : most_) {
    strides_.push_back(states_);
    states_ *= count + 1;
  }
}

double DeviceSets::Number(const std::vector<int>& most) {
  double states = 1;
  for (const int count : most) states *= count + 1;
  return states < 1e9 ? states : kInfinity;
}

std::vector<int> DeviceSets::Counts(int state) const {
  std::vector<int> counts;
  for (int cls = 0; cls < classes(); ++cls) counts.push_back(Count(state, cls));
  return counts;
}

int DeviceSets::Used(int state) const {
  int used = 0;
  for (int cls = 0; cls < classes(); ++cls) used += Count(state, cls);
  return used;
}

int Chain::Devices() const {
  int devices = 0;
  for (const ChainStage& stage : stages) devices += stage.count;
  return devices;
}

ChainRates::ChainRates(const ServicePrices& prices, Phase phase, const DeviceSets& sets)
    : prices_(prices),
      phase_(phase),
      sets_(sets),
      rates_(static_cast<size_t>(sets.states()), 0.0),
      batches_(static_cast<size_t>(sets.states()), 0) {
  const int batches = static_cast<int>(MicroBatches(phase).size());
  const int most = std::min(sets.Used(sets.full()), 1 << 12);
  for (int batch = 0; batch < batches; ++batch) {
    ChainSweep sweep(prices, phase, sets, batch, nullptr);
    for (int levels = 1; levels <= most && sweep.Run(levels); ++levels) {
      candidates_ += sets.states();
      for (int state = 1; state < sets.states(); ++state) {
        if (sets.Used(state) != levels) continue;
        const double cycle = sweep.Final(state);
        if (!(cycle < kInfinity)) continue;
        const double rate = RateOf(prices, phase, batch, cycle);
        if (rate <= Rate(state)) continue;
        rates_[static_cast<size_t>(state)] = rate;
        batches_[static_cast<size_t>(state)] = static_cast<uint8_t>(batch);
      }
    }
  }
}

double ChainRates::Work(const ServicePrices& prices, Phase phase, const DeviceSets& sets) {
  double rows = 0;
  for (int cls = 0; cls < sets.classes(); ++cls) rows += sets.Most(cls) / 2.0;
  const double sweep = 1.0 * sets.states() * rows * (sets.classes() + 1) / 2 * prices.items();
  return sweep * static_cast<double>(MicroBatches(phase).size()) * sets.Used(sets.full()) / 2;
}

Chain ChainRates::Best(int state) const {
  if (!(Rate(state) > 0)) return {};
  return BestChain(prices_, phase_, sets_.Counts(state), batches_[static_cast<size_t>(state)]);
}

Chain BestChain(const ServicePrices& prices, Phase phase, const std::vector<int>& counts,
                int batch) {
  const DeviceSets sets(counts);
  std::vector<Decision> decisions;
  ChainSweep sweep(prices, phase, sets, batch, &decisions);
  Chain chain;
  if (!sweep.Run(sets.Used(sets.full()))) return chain;
  const double cycle = sweep.Final(sets.full());
  if (!(cycle < kInfinity)) return chain;
  chain.stages = sweep.Trace(sets.full());
  chain.micro_batch = MicroBatches(phase)[static_cast<size_t>(batch)];
  chain.rate = RateOf(prices, phase, batch, cycle);
  return chain;
}

}  // namespace motley
