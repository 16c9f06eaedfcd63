#include "scheduler/partition/chains/bound.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace motley {
namespace {

// How much an item weighs in the mean: its part of a cycle at a middling batch, over all classes.
std::vector<double> WeightsBefore(const ServicePrices& prices, Phase phase) {
  const int batch = static_cast<int>(MicroBatches(phase).size()) / 2;
  std::vector<double> weights(static_cast<size_t>(prices.items()), 0.0);
  double total = 0;
  for (int cls = 0; cls < prices.classes(); ++cls) {
    const auto& prefix = prices.Cycle(phase, batch, cls).prefix;
    if (!std::isfinite(prefix.back()) || !(prefix.back() > 0)) continue;
    for (size_t item = 0; item < weights.size(); ++item) {
      weights[item] += (prefix[item + 1] - prefix[item]) / prefix.back();
    }
    total += 1;
  }
  std::vector<double> before = {0};
  for (const double weight : weights) {
    before.push_back(before.back() + (total > 0 ? weight / total : 1.0 / prices.items()));
  }
  return before;
}

// The most that one device of the class gives at a micro-batch: rate of a run x its weight.
double MostAt(const ServicePrices& prices, Phase phase, int batch, int cls,
              const std::vector<double>& before) {
  const CycleTimes& cycle = prices.Cycle(phase, batch, cls);
  if (!std::isfinite(cycle.prefix.back())) return 0;
  const int micro_batch = MicroBatches(phase)[static_cast<size_t>(batch)];
  const FittingRuns runs = prices.Fitting(phase, cls, micro_batch);
  const double tokens = TokensPerCycle(prices.question().objective, phase, micro_batch);
  double most = 0;
  for (int end = 1; end <= prices.items(); ++end) {
    for (int first = 0; first < end; ++first) {
      if (!runs.Fits(first, end)) continue;
      const double us = cycle.fixed + cycle.prefix[static_cast<size_t>(end)] -
                        cycle.prefix[static_cast<size_t>(first)];
      const double weight = before[static_cast<size_t>(end)] - before[static_cast<size_t>(first)];
      most = std::max(most, tokens * 1e6 / std::max(us, 1e-3) * weight);
    }
  }
  return most;
}

// What every class gives at every micro-batch, and the memory it brings and needs for that.
class Givings {
 public:
  Givings(const ServicePrices& prices, Phase phase)
      : counts_(prices.Counts()), batches_(MicroBatches(phase)) {
    const auto& machine = prices.question().machine;
    sequence_bytes_ = SequenceTokens(prices.question().objective, phase) *
                      prices.KvBytesPerToken(0, prices.items());
    weight_bytes_ = prices.WeightBytes(0, prices.items());
    const auto before = WeightsBefore(prices, phase);
    for (int cls = 0; cls < prices.classes(); ++cls) {
      usable_.push_back(
          machine.devices[static_cast<size_t>(prices.Class(cls).members[0])].usable_bytes);
      auto& row = most_.emplace_back();
      for (size_t batch = 0; batch < batches_.size(); ++batch) {
        row.push_back(MostAt(prices, phase, static_cast<int>(batch), cls, before));
      }
    }
  }

  // Of one device of each class at a price of memory in tokens per second and byte.
  std::vector<double> At(double price) const {
    std::vector<double> out;
    for (size_t cls = 0; cls < counts_.size(); ++cls) {
      double best = 0;
      for (size_t batch = 0; batch < batches_.size(); ++batch) {
        if (!(most_[cls][batch] > 0)) continue;
        const double left = usable_[cls] - batches_[batch] * sequence_bytes_;
        best = std::max(best, most_[cls][batch] + price * left);
      }
      out.push_back(best);
    }
    return out;
  }

  double Sum(const std::vector<double>& one) const {
    double sum = 0;
    for (size_t cls = 0; cls < counts_.size(); ++cls) sum += one[cls] * counts_[cls];
    return sum;
  }

  double Needed(double price) const { return price * weight_bytes_; }

  // 0, and powers of two around what a byte could be worth.
  std::vector<double> Prices() const {
    double memory = 1;
    for (size_t cls = 0; cls < counts_.size(); ++cls) memory += usable_[cls] * counts_[cls];
    const double middle = Sum(At(0)) / memory;
    std::vector<double> prices = {0};
    for (int power = -40; power <= 24; ++power) prices.push_back(std::exp2(power / 4.0) * middle);
    return prices;
  }

 private:
  const std::vector<int> counts_, batches_;
  double sequence_bytes_ = 0, weight_bytes_ = 0;
  std::vector<double> usable_;
  std::vector<std::vector<double>> most_;  // [class][batch]
};

// max over shares z of min(sum z decode - needed, sum (1 - z) prefill): the devices that are the
// best at prompts prefill, one of them in part.
double SplitBound(const std::vector<double>& prefill, const std::vector<double>& decode,
                  const std::vector<int>& counts, double needed) {
  std::vector<size_t> order;
  double left = -needed;
  for (size_t cls = 0; cls < counts.size(); ++cls) {
    order.push_back(cls);
    left += decode[cls] * counts[cls];
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return prefill[a] * decode[b] > prefill[b] * decode[a]; });
  double done = 0;
  for (const size_t cls : order) {
    const double more = prefill[cls] * counts[cls], less = decode[cls] * counts[cls];
    if (done + more >= left - less) {
      const double part = more + less > 0 ? (left - done) / (more + less) : 0;
      return done + std::clamp(part, 0.0, 1.0) * more;
    }
    done += more;
    left -= less;
  }
  return std::min(done, left);
}

}  // namespace

double ThroughputBound(const ServicePrices& prices) {
  const std::vector<int> counts = prices.Counts();
  const Givings both(prices, Phase::kBoth);
  double together = std::numeric_limits<double>::infinity();
  for (const double price : both.Prices()) {
    together = std::min(together, both.Sum(both.At(price)) - both.Needed(price));
  }
  together = std::max(together, 0.0);
  if (prices.question().objective.prompt_tokens == 0) return together;
  const Givings prompts(prices, Phase::kPrefill), tokens(prices, Phase::kDecode);
  const std::vector<double> prefill = prompts.At(0);
  double split = std::numeric_limits<double>::infinity();
  for (const double price : tokens.Prices()) {
    split = std::min(split, SplitBound(prefill, tokens.At(price), counts, tokens.Needed(price)));
  }
  return std::max(together, split);
}

}  // namespace motley
