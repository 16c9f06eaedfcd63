#pragma once
// One chain of given devices, filled class by class, the fastest first, each group of devices as
// far as a rate allows. Not the best one, but found in microseconds for any number of devices.

#include <vector>

#include "scheduler/partition/chains/chains.h"

namespace motley {

class ChainFiller {
 public:
  ChainFiller(const ServicePrices& prices, Phase phase);
  // The best chain found over all micro-batches; rate 0 when none fits.
  Chain Best(const std::vector<int>& counts) const;

 private:
  bool Fill(const std::vector<int>& counts, int batch, double in_flight, double cycle_us,
            Chain& chain) const;
  // The furthest end of a run from `first` on `count` devices together.
  int Furthest(int cls, int count, int first, int batch, double sequences, double budget_us) const;
  void Improve(const std::vector<int>& counts, int batch, Chain& best) const;

  const ServicePrices& prices_;
  const Phase phase_;
  std::vector<int> order_;  // classes, the fastest first
};

}  // namespace motley
