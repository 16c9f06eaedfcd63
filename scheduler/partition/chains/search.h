#pragma once
// Chains for machines with too many sets of devices to compare them all: local search over which
// devices work together, each chain filled greedily for a rate. Deterministic. Pure, one thread.

#include <vector>

#include "scheduler/partition/chains/chains.h"

namespace motley {

// Disjoint chains of at most `counts` devices of each class; empty when no chain was found. About
// `trials` chains are tried for each number of chains.
std::vector<Chain> SearchChains(const ServicePrices& prices, Phase phase,
                                const std::vector<int>& counts, int trials);

// Chains that prefill and chains that decode, on devices apart: the devices that are the best at
// prompts prefill, as many of them as balances the two. Either is empty when none was found.
struct SplitChains {
  std::vector<Chain> prefill, decode;
};
SplitChains SearchSplit(const ServicePrices& prices, int trials);

}  // namespace motley
