#pragma once
// Chains of classes as pools of replicas with the ids of devices. Pure, any thread.

#include <vector>

#include "scheduler/partition/chains/chains.h"
#include "scheduler/plan.h"

namespace motley {

// Hands out the devices of each class in order, every one once.
class DeviceNames {
 public:
  explicit DeviceNames(const ServicePrices& prices);
  std::string Next(int cls);

 private:
  const ServicePrices& prices_;
  std::vector<size_t> next_;
};

// One replica for every way through the chain's devices, as few as possible: where a stage of two
// devices feeds one of three, four replicas. Their shares add up to the chain's part of the rate.
Pool MakePool(const ServicePrices& prices, Phase phase, const std::vector<Chain>& chains,
              DeviceNames& names);

}  // namespace motley
