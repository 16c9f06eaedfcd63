#pragma once
// Sets of disjoint chains: within each set of devices the chains whose rates add up to the most
// (cost-model 2(e)). Pure, one thread.

#include <cstdint>
#include <vector>

#include "scheduler/partition/chains/chains.h"

namespace motley {

class ChainUnions {
 public:
  ChainUnions(const ChainRates& chains, const DeviceSets& sets);
  // Of devices of the set, any of them left out.
  double Rate(int state) const { return rates_[static_cast<size_t>(state)]; }
  // The sets of the chains behind Rate(state).
  std::vector<int> Chains(int state) const;
  // (set, chain in it) pairs compared.
  static double Work(const DeviceSets& sets);

 private:
  const DeviceSets sets_;
  std::vector<double> rates_;
  std::vector<int> chosen_;  // the chain with a device of the first class of the set; 0: left out
};

}  // namespace motley
