#include "tests/scheduler/partition/boxes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/scheduler/partition/dice.h"

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Workload RandomWorkload(Dice& dice) {
  Workload workload;
  // Small boxes mostly: trying everything grows as devices! x splits.
  workload.layers = dice.Chance(0.1) ? dice.Int(9, 12) : dice.Int(1, 8);
  workload.hidden_bytes_per_token = dice.Int(64, 16384);
  workload.kv_bytes_per_token_layer = dice.Int(0, 64);
  workload.context_tokens = dice.Int(0, 4096);
  workload.items.push_back({"embed", 1.0 * dice.Int(0, 900000)});
  for (int i = 0; i < workload.layers; ++i) {
    workload.items.push_back({"layer." + std::to_string(i), 1.0 * dice.Int(50000, 200000)});
  }
  workload.items.push_back({"head", 1.0 * dice.Int(0, 900000)});
  if (dice.Chance(0.4)) {
    workload.items.back().tied_with = "embed";
    if (!dice.Chance(0.2)) workload.items.back().weight_bytes = workload.items[0].weight_bytes;
  }
  return workload;
}

DeviceProfile RandomDevice(Dice& dice, const Workload& workload, int index) {
  DeviceProfile device;
  device.id = "dev" + std::to_string(index);
  const double speed = dice.Real(1, 10);
  const double head = dice.Chance(0.5) ? dice.Real(5, 40) : 1;
  ItemTimes times;
  for (const WorkloadItem& item : workload.items) {
    const double scale = item.name == "head" ? head : item.name == "embed" ? 0.1 : 1;
    times.prefill.push_back(scale * speed * dice.Real(100, 300));
    times.decode.push_back(scale * speed * dice.Real(1, 3));
  }
  device.item_times = times;
  double total = 0;
  for (const WorkloadItem& item : workload.items) total += item.weight_bytes;
  total += workload.layers * workload.kv_bytes_per_token_layer * workload.context_tokens;
  device.usable_bytes = dice.Chance(0.3) ? 1e12 : std::floor(total * dice.Real(0.05, 0.9));
  return device;
}

// Depth first over which device comes next and where its run ends.
struct Search {
  const Box& box;
  BestValues& best;
  const Streaming streaming;
  int items = static_cast<int>(box.workload.items.size());

  double Boundary(int from, int to, double tokens) const {
    const auto& devices = box.machine.devices;
    const LinkProfile* link = &box.machine.default_link;
    for (const LinkProfile& candidate : box.machine.links) {
      if (candidate.from == devices[from].id && candidate.to == devices[to].id) link = &candidate;
    }
    return link->latency_us +
           tokens * box.workload.hidden_bytes_per_token / link->bytes_per_s * 1e6;
  }

  double Bytes(int first, int last) const {
    const auto& all = box.workload.items;
    double bytes = 0;
    for (int i = first; i <= last; ++i) {
      bool twin_here = false;
      for (int j = first; j <= last; ++j) twin_here |= all[j].name == all[i].tied_with;
      if (!twin_here) bytes += all[i].weight_bytes;
      if (all[i].name.substr(0, 6) == "layer.") {
        bytes += box.workload.kv_bytes_per_token_layer * box.workload.context_tokens;
      }
    }
    return bytes;
  }

  // A group takes its members with it.
  unsigned Taken(int d) const {
    unsigned taken = 1u << d;
    for (size_t other = 0; other < box.machine.devices.size(); ++other) {
      for (const std::string& member : box.machine.devices[d].members) {
        if (box.machine.devices[other].id == member) taken |= 1u << other;
      }
    }
    return taken;
  }

  double StreamedBytes(int first, int last) const {
    double largest = 0, second = 0, cache = 0;
    for (int i = first; i <= last; ++i) {
      const double weight = box.workload.items[i].weight_bytes;
      second = std::max(second, std::min(largest, weight));
      largest = std::max(largest, weight);
      if (box.workload.items[i].name.substr(0, 6) == "layer.") {
        cache += box.workload.kv_bytes_per_token_layer * box.workload.context_tokens;
      }
    }
    return largest + second + cache;
  }

  double StreamUs(int d, int first, int last) const {
    const LinkProfile* link = &box.machine.default_link;
    for (const LinkProfile& candidate : box.machine.links) {
      if (candidate.from == "host" && candidate.to == box.machine.devices[d].id) link = &candidate;
    }
    double bytes = 0;
    for (int i = first; i <= last; ++i) {
      if (box.workload.items[i].name != "embed") bytes += box.workload.items[i].weight_bytes;
    }
    return bytes > 0 ? link->latency_us + bytes / link->bytes_per_s * 1e6 : 0;
  }

  void From(int next, unsigned used, int previous, double latency, double bottleneck) {
    if (next == items) {
      auto& a = best.latency.try_emplace(used, kInfinity).first->second;
      auto& b = best.bottleneck.try_emplace(used, kInfinity).first->second;
      a = std::min(a, latency);
      b = std::min(b, bottleneck);
      return;
    }
    const double prompt = box.objective.prompt_tokens, output = box.objective.output_tokens;
    for (int d = 0; d < static_cast<int>(box.machine.devices.size()); ++d) {
      const unsigned taken = Taken(d);
      if (used & taken) continue;
      const DeviceProfile& device = box.machine.devices[d];
      const double link = previous < 0 ? 0 : Boundary(previous, d, 1);
      const double prompt_link = previous < 0 || prompt == 0 ? 0 : Boundary(previous, d, prompt);
      double token = 0, whole = 0;
      for (int last = next; last < items; ++last) {
        token += device.item_times->decode[last];
        if (prompt > 0) whole += device.item_times->prefill[last];
        // Of each objective the better mode: what comes after is the same for both.
        double request_us = kInfinity, token_us = kInfinity;
        const auto offer = [&](double one, double all) {
          request_us = std::min(request_us, all + output * one);
          token_us = std::min(token_us, one);
        };
        if (Bytes(next, last) <= device.usable_bytes) offer(token, whole);
        if (streaming == Streaming::kAllowed && StreamedBytes(next, last) <= device.usable_bytes) {
          const double stream = StreamUs(d, next, last);
          offer(std::max(token, stream), prompt > 0 ? std::max(whole, stream) : 0);
        }
        if (token_us == kInfinity) continue;
        From(last + 1, used | taken, d, latency + prompt_link + output * link + request_us,
             std::max(bottleneck, link + token_us));
      }
    }
  }
};

}  // namespace

Box RandomBox(uint64_t seed) {
  Dice dice(seed);
  Box box;
  box.workload = RandomWorkload(dice);
  const int devices = dice.Int(1, box.workload.layers > 8 ? 4 : 5);
  for (int d = 0; d < devices; ++d) {
    box.machine.devices.push_back(RandomDevice(dice, box.workload, d));
    if (d > 0 && dice.Chance(0.2)) {
      box.machine.devices[d] = box.machine.devices[dice.Int(0, d - 1)];
      box.machine.devices[d].id = "dev" + std::to_string(d);
    }
  }
  box.machine.default_link = {"", "", dice.Real(0, 50), dice.Real(1e8, 1e10)};
  const double measured = dice.Chance(0.3) ? 0 : 0.6;
  for (int a = 0; a < devices; ++a) {
    for (int b = 0; b < devices; ++b) {
      if (a == b || !dice.Chance(measured)) continue;
      box.machine.links.push_back({"dev" + std::to_string(a), "dev" + std::to_string(b),
                                   dice.Real(0, 50), dice.Real(1e8, 1e10)});
    }
  }
  box.objective.prompt_tokens = dice.Chance(0.2) ? 0 : dice.Int(1, 512);
  box.objective.output_tokens = dice.Chance(0.2) ? 0 : dice.Int(1, 128);
  return box;
}

double BestValues::BestWithin(ObjectiveKind kind, unsigned must, unsigned may) const {
  double value = kInfinity;
  for (const auto& [used, found] : kind == ObjectiveKind::kLatency ? latency : bottleneck) {
    if ((used & must) == must && (used & ~may) == 0) value = std::min(value, found);
  }
  return value;
}

double BestValues::Best(ObjectiveKind kind) const { return BestWithin(kind, 0, ~0u); }

BestValues TryEverything(const Box& box, Streaming streaming) {
  BestValues best;
  Search{box, best, streaming}.From(0, 0, -1, 0, 0);
  return best;
}

Box WithHostAndGroup(Box box, uint64_t seed) {
  Dice dice(seed + 1000000);
  auto& devices = box.machine.devices;
  for (const DeviceProfile& device : devices) {
    if (!dice.Chance(0.6)) continue;
    box.machine.links.push_back({"host", device.id, dice.Real(0, 20), dice.Real(1e9, 1e11)});
  }
  // Five devices and a group of them would be a long search.
  if (devices.size() < 2 || devices.size() > 4) return box;
  DeviceProfile group = devices[0];
  group.id = "both";
  group.members = {devices[0].id, devices[1].id};
  group.usable_bytes = devices[0].usable_bytes + devices[1].usable_bytes;
  for (auto* times : {&group.item_times->prefill, &group.item_times->decode}) {
    for (double& us : *times) us *= dice.Real(0.4, 0.9);
  }
  devices.insert(devices.begin() + dice.Int(0, static_cast<int>(devices.size())), group);
  return box;
}

Box LargeBox(int devices, int layers) {
  Dice dice(7);
  Box box;
  box.workload.layers = layers;
  box.workload.hidden_bytes_per_token = 16384;
  box.workload.items.push_back({"embed", 5e8});
  for (int i = 0; i < layers; ++i) {
    box.workload.items.push_back({"layer." + std::to_string(i), 4e8});
  }
  box.workload.items.push_back({"head", 5e8});
  for (int d = 0; d < devices; ++d) {
    box.machine.devices.push_back(RandomDevice(dice, box.workload, d));
    box.machine.devices.back().usable_bytes = layers * 4e8 / devices * dice.Real(1.2, 3);
  }
  box.machine.default_link = {"", "", 20, 1e10};
  for (int a = 0; a < devices; ++a) {
    for (int b = 0; b < devices; ++b) {
      if (a == b) continue;
      box.machine.links.push_back({"dev" + std::to_string(a), "dev" + std::to_string(b),
                                   dice.Real(5, 50), dice.Real(1e9, 2e10)});
    }
  }
  return box;
}

}  // namespace motley
