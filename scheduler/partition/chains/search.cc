#include "scheduler/partition/chains/search.h"

#include <algorithm>
#include <map>

#include "scheduler/partition/chains/fill.h"

namespace motley {
namespace {

constexpr int kMostChains = 8;
// Sets below this are small enough to solve a chain exactly once it is chosen.
constexpr double kExactStates = 3000;

using Counts = std::vector<int>;

class Search {
 public:
  Search(const ServicePrices& prices, Phase phase, const Counts& counts, int trials)
      : filler_(prices, phase), counts_(counts), most_trials_(trials) {}

  // Groups of devices, the last one idle; improved by moving devices one by one and by swapping.
  std::vector<Counts> Climb(int chains) {
    std::vector<Counts> groups = Deal(chains);
    trials_ = 0;
    while (trials_ < most_trials_ && (Step(groups, false) || Step(groups, true))) {
    }
    groups.pop_back();
    return groups;
  }

  const Chain& ChainOf(const Counts& group) {
    const auto [found, is_new] = known_.try_emplace(group);
    if (is_new) {
      found->second = filler_.Best(group);
      ++trials_;
    }
    return found->second;
  }

  double Rate(const std::vector<Counts>& groups) {
    double rate = 0;
    for (const Counts& group : groups) rate += ChainOf(group).rate;
    return rate;
  }

 private:
  std::vector<Counts> Deal(int chains) const {
    std::vector<Counts> groups(static_cast<size_t>(chains) + 1, Counts(counts_.size(), 0));
    int next = 0;
    for (size_t cls = 0; cls < counts_.size(); ++cls) {
      for (int i = 0; i < counts_[cls]; ++i) ++groups[static_cast<size_t>(next++ % chains)][cls];
    }
    return groups;
  }

  double RateOf(const std::vector<Counts>& groups, size_t group) {
    return group + 1 == groups.size() ? 0 : ChainOf(groups[group]).rate;
  }

  // The first change that makes two groups better together; false when there is none.
  bool Step(std::vector<Counts>& groups, bool swap) {
    for (size_t a = 0; a < groups.size(); ++a) {
      for (size_t b = 0; b < groups.size(); ++b) {
        if (a == b || (swap && b < a)) continue;
        for (size_t given = 0; given < counts_.size(); ++given) {
          for (size_t taken = 0; taken < (swap ? counts_.size() : 1); ++taken) {
            if (Try(groups, a, b, given, swap ? static_cast<int>(taken) : -1)) return true;
            if (trials_ >= most_trials_) return false;
          }
        }
      }
    }
    return false;
  }

  bool Try(std::vector<Counts>& groups, size_t a, size_t b, size_t given, int taken) {
    const auto back = static_cast<size_t>(taken);
    if (groups[a][given] == 0 || (taken >= 0 && (groups[b][back] == 0 || back == given))) {
      return false;
    }
    const double before = RateOf(groups, a) + RateOf(groups, b);
    const Counts old_a = groups[a], old_b = groups[b];
    --groups[a][given];
    ++groups[b][given];
    if (taken >= 0) {
      ++groups[a][back];
      --groups[b][back];
    }
    if (RateOf(groups, a) + RateOf(groups, b) > before * (1 + 1e-9)) return true;
    groups[a] = old_a;
    groups[b] = old_b;
    return false;
  }

  const ChainFiller filler_;
  const Counts counts_;
  std::map<Counts, Chain> known_;
  const int most_trials_;
  int trials_ = 0;
};

// The chain again, now the best of its devices where those are few.
Chain Refine(const ServicePrices& prices, Phase phase, const Counts& group, Chain chain) {
  if (DeviceSets::Number(group) > kExactStates) return chain;
  const int batches = static_cast<int>(MicroBatches(phase).size());
  for (int batch = 0; batch < batches; ++batch) {
    Chain better = BestChain(prices, phase, group, batch);
    if (better.rate > chain.rate) chain = std::move(better);
  }
  return chain;
}

double RateOf(const std::vector<Chain>& chains) {
  double rate = 0;
  for (const Chain& chain : chains) rate += chain.rate;
  return rate;
}

// Classes by how long a prompt takes beside a token: the best at prompts first.
std::vector<int> ByPrompts(const ServicePrices& prices) {
  const int middle = static_cast<int>(std::size(kMicroBatches)) / 2;
  const auto ratio = [&](int cls) {
    return prices.Cycle(Phase::kPrefill, 0, cls).prefix.back() /
           std::max(prices.Cycle(Phase::kDecode, middle, cls).prefix.back(), 1e-9);
  };
  std::vector<int> order;
  for (int cls = 0; cls < prices.classes(); ++cls) {
    if (ratio(cls) >= 0) order.push_back(cls);  // not NaN: both phases are known
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return ratio(a) < ratio(b); });
  return order;
}

}  // namespace

std::vector<Chain> SearchChains(const ServicePrices& prices, Phase phase, const Counts& counts,
                                int trials) {
  Search search(prices, phase, counts, trials);
  int devices = 0;
  for (const int count : counts) devices += count;
  std::vector<Counts> best;
  for (int chains = 1; chains <= std::min(kMostChains, devices); ++chains) {
    std::vector<Counts> groups = search.Climb(chains);
    if (best.empty() || search.Rate(groups) > search.Rate(best)) best = std::move(groups);
  }
  std::vector<Chain> out;
  for (const Counts& group : best) {
    Chain chain = Refine(prices, phase, group, search.ChainOf(group));
    if (chain.rate > 0) out.push_back(std::move(chain));
  }
  return out;
}

SplitChains SearchSplit(const ServicePrices& prices, int trials) {
  const std::vector<int> order = ByPrompts(prices), all = prices.Counts();
  int devices = 0;
  for (const int cls : order) devices += all[static_cast<size_t>(cls)];
  SplitChains best;
  double best_rate = 0;
  // More devices prefill faster and decode slower: where the two meet is found by halving.
  for (int low = 0, high = devices; high - low > 1;) {
    const int middle = (low + high) / 2;
    Counts prefill(all.size(), 0), decode = all;
    int left = middle;
    for (const int cls : order) {
      const int taken = std::min(left, all[static_cast<size_t>(cls)]);
      prefill[static_cast<size_t>(cls)] = taken;
      decode[static_cast<size_t>(cls)] -= taken;
      left -= taken;
    }
    SplitChains split{SearchChains(prices, Phase::kPrefill, prefill, trials),
                      SearchChains(prices, Phase::kDecode, decode, trials)};
    const double prompts = RateOf(split.prefill), tokens = RateOf(split.decode);
    (prompts < tokens ? low : high) = middle;
    if (std::min(prompts, tokens) <= best_rate) continue;
    best_rate = std::min(prompts, tokens);
    best = std::move(split);
  }
  return best;
}

}  // namespace motley
