#pragma once
// Chains: one pipeline whose stages are one or several identical devices each (which then serve the
// same items, their rates added). For every set of devices the fastest chain that uses exactly
// those: docs/how-motley-plans.md, "Many requests". Pure, any thread.

#include <cstdint>
#include <vector>

#include "scheduler/partition/chains/prices.h"

namespace motley {

// Sets of devices as how many of each class they hold, numbered in mixed radix.
class DeviceSets {
 public:
  explicit DeviceSets(std::vector<int> most);
  int states() const { return states_; }
  int full() const { return states_ - 1; }
  int classes() const { return static_cast<int>(most_.size()); }
  int Stride(int cls) const { return strides_[static_cast<size_t>(cls)]; }
  int Most(int cls) const { return most_[static_cast<size_t>(cls)]; }
  int Count(int state, int cls) const {
    return state / Stride(cls) % (most_[static_cast<size_t>(cls)] + 1);
  }
  std::vector<int> Counts(int state) const;
  int Used(int state) const;
  // Sets, infinite as a double where they do not fit an int.
  static double Number(const std::vector<int>& most);

 private:
  std::vector<int> most_, strides_;
  int states_ = 1;
};

struct ChainStage {
  int cls = 0, count = 1;  // so many devices of the class
  int first = 0, end = 0;  // items [first, end)
};
struct Chain {
  std::vector<ChainStage> stages;
  int micro_batch = 0;  // 0: nothing fits
  double rate = 0;      // generated tokens per second
  int Devices() const;
};

// Of every set the rate of its best chain that uses exactly its devices.
class ChainRates {
 public:
  ChainRates(const ServicePrices& prices, Phase phase, const DeviceSets& sets);
  double Rate(int state) const { return rates_[static_cast<size_t>(state)]; }
  // The chain behind Rate(state), solved again for this set alone.
  Chain Best(int state) const;
  // Work of the constructor in inner steps, to decide whether to.
  static double Work(const ServicePrices& prices, Phase phase, const DeviceSets& sets);
  long candidates() const { return candidates_; }

 private:
  const ServicePrices& prices_;
  const Phase phase_;
  const DeviceSets sets_;
  std::vector<double> rates_;
  std::vector<uint8_t> batches_;  // index into MicroBatches
  long candidates_ = 0;
};

// The best chain of exactly these devices at one micro-batch.
Chain BestChain(const ServicePrices& prices, Phase phase, const std::vector<int>& counts,
                int batch);

}  // namespace motley
