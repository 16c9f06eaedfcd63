#include "scheduler/partition/service/assemble.h"

#include <algorithm>
#include <cmath>

namespace motley {
namespace {

// A cut of the unit interval, as a fraction: compared without rounding.
struct Cut {
  int number = 0, of = 1;
  double value() const { return 1.0 * number / of; }
  bool operator<(const Cut& other) const { return number * other.of < other.number * of; }
  bool operator==(const Cut& other) const { return number * other.of == other.number * of; }
};

// Each stage splits the traffic evenly among its devices; where any of them changes, a way ends.
std::vector<Cut> Ways(const Chain& chain) {
  std::vector<Cut> cuts;
  for (const ChainStage& stage : chain.stages) {
    for (int i = 0; i <= stage.count; ++i) cuts.push_back({i, stage.count});
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

}  // namespace

DeviceNames::DeviceNames(const ServicePrices& prices)
    : prices_(prices), next_(static_cast<size_t>(prices.classes()), 0) {}

std::string DeviceNames::Next(int cls) {
  const int device = prices_.Class(cls).members[next_[static_cast<size_t>(cls)]++];
  return prices_.question().machine.devices[static_cast<size_t>(device)].id;
}

Pool MakePool(const ServicePrices& prices, Phase phase, const std::vector<Chain>& chains,
              DeviceNames& names) {
  Pool pool{phase, {}};
  double total = 0;
  for (const Chain& chain : chains) total += chain.rate;
  const double tokens = SequenceTokens(prices.question().objective, phase);
  for (const Chain& chain : chains) {
    std::vector<std::vector<std::string>> ids;
    for (const ChainStage& stage : chain.stages) {
      auto& of_stage = ids.emplace_back();
      for (int i = 0; i < stage.count; ++i) of_stage.push_back(names.Next(stage.cls));
    }
    const std::vector<Cut> cuts = Ways(chain);
    for (size_t way = 0; way + 1 < cuts.size(); ++way) {
      const double width = cuts[way + 1].value() - cuts[way].value();
      Replica replica;
      for (size_t s = 0; s < chain.stages.size(); ++s) {
        const ChainStage& stage = chain.stages[s];
        const auto device = static_cast<size_t>(cuts[way].number * stage.count / cuts[way].of);
        replica.stages.push_back({ids[s][device], stage.first, stage.end - 1});
      }
      const double in_flight = 1.0 * chain.micro_batch * chain.Devices() * width;
      replica.micro_batch = chain.micro_batch;
      replica.max_sequences = static_cast<int>(std::ceil(in_flight - 1e-9));
      replica.kv_tokens = in_flight * tokens;
      replica.share = chain.rate / total * width;
      pool.replicas.push_back(std::move(replica));
    }
  }
  if (pool.replicas.size() == 1) pool.replicas[0].share = 0;
  return pool;
}

}  // namespace motley
