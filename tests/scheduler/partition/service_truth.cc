#include "tests/scheduler/partition/service_truth.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/scheduler/partition/dice.h"

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

DeviceProfile RandomDevice(Dice& dice, const Workload& workload, int index) {
  DeviceProfile device;
  device.id = "dev" + std::to_string(index);
  const double speed = dice.Real(1, 10), batching = dice.Real(0.01, 0.9);
  PhaseTables tables;
  double us = speed * dice.Real(20, 60);
  for (const double batch : {1.0, 16.0, 256.0}) {
    tables.decode.emplace_back(batch, us);
    us *= 1 + 15 * batching * dice.Real(0.5, 1);
  }
  tables.prefill = {{1, speed * 30}, {512, speed * dice.Real(300, 3000)}};
  device.layer_times = tables;
  device.idle_w = dice.Real(5, 60);
  device.busy_w = device.idle_w + dice.Real(10, 300);
  double total = 0;
  for (const WorkloadItem& item : workload.items) total += item.weight_bytes;
  device.usable_bytes = total * (dice.Chance(0.3) ? dice.Real(2, 40) : dice.Real(0.15, 1.5));
  return device;
}

// The numbers of the definition.
struct Numbers {
  const ServiceBox& box;
  double prompt = box.objective.prompt_tokens, output = box.objective.output_tokens;
  int devices = static_cast<int>(box.machine.devices.size());
  int items = static_cast<int>(box.workload.items.size());

  static double Line(const TimeTable& table, double x) {
    size_t i = 1;
    while (i + 1 < table.size() && x > table[i].first) ++i;
    const auto [x0, y0] = table[i - 1];
    const auto [x1, y1] = table[i];
    return y0 + (y1 - y0) / (x1 - x0) * (x - x0);
  }

  double Boundary(int from, int to, double rows) const {
    const auto& all = box.machine.devices;
    const LinkProfile* link = &box.machine.default_link;
    for (const LinkProfile& candidate : box.machine.links) {
      if (candidate.from == all[from].id && candidate.to == all[to].id) link = &candidate;
    }
    return link->latency_us + rows * box.workload.hidden_bytes_per_token / link->bytes_per_s * 1e6;
  }

  // One cycle of a micro-batch; before -1: it is the first stage.
  double Cycle(Phase phase, int batch, int before, int device, int first, int last) const {
    const PhaseTables& tables = *box.machine.devices[device].layer_times;
    double cost = 0;
    for (int i = first; i <= last; ++i) cost += box.workload.items[i].cost;
    double us = 0;
    if (phase != Phase::kPrefill) {
      us += cost * Line(tables.decode, batch);
      if (before >= 0) us += Boundary(before, device, batch);
    }
    if (phase != Phase::kDecode && prompt > 0) {
      double one = cost * Line(tables.prefill, prompt);
      if (before >= 0) one += Boundary(before, device, prompt);
      us += phase == Phase::kPrefill ? one : batch / output * one;
    }
    return us;
  }

  double Bytes(Phase phase, double sequences, int first, int last) const {
    const auto& all = box.workload.items;
    double bytes = 0;
    for (int i = first; i <= last; ++i) {
      bool twin_here = false;
      for (int j = first; j <= last; ++j) twin_here |= all[j].name == all[i].tied_with;
      if (!twin_here) bytes += all[i].weight_bytes;
      if (all[i].name.rfind("layer.", 0) != 0) continue;
      const double tokens = phase == Phase::kPrefill ? prompt : prompt + output;
      bytes += sequences * tokens * box.workload.kv_bytes_per_token_layer;
    }
    return bytes;
  }

  bool Twins(int a, int b) const {
    const DeviceProfile &x = box.machine.devices[a], &y = box.machine.devices[b];
    if (x.usable_bytes != y.usable_bytes || x.layer_times->decode != y.layer_times->decode ||
        x.layer_times->prefill != y.layer_times->prefill || x.idle_w != y.idle_w ||
        x.busy_w != y.busy_w) {
      return false;
    }
    const auto same = [&](int p, int q, int r, int s) {
      return Boundary(p, q, 0) == Boundary(r, s, 0) && Boundary(p, q, 1e6) == Boundary(r, s, 1e6);
    };
    bool all = same(a, b, b, a);
    for (int c = 0; c < devices; ++c) {
      if (c != a && c != b) all = all && same(a, c, b, c) && same(c, a, c, b);
    }
    return all;
  }
};

// Every chain of exactly the devices of a set.
struct ChainSearch {
  const Numbers& numbers;
  const std::vector<std::vector<bool>>& twins;
  const Phase phase;
  const int batch, in_flight;
  double best_us = kInfinity;

  void From(int next, unsigned left, int before, double slowest) {
    if (slowest >= best_us) return;
    if (next == numbers.items) {
      if (left == 0) best_us = slowest;
      return;
    }
    for (unsigned group = left; group > 0; group = (group - 1) & left) {
      if (!Alike(group)) continue;
      const int count = __builtin_popcount(group), device = __builtin_ctz(group);
      const double usable = numbers.box.machine.devices[device].usable_bytes;
      for (int last = next; last < numbers.items; ++last) {
        if (numbers.Bytes(phase, 1.0 * in_flight / count, next, last) > usable) continue;
        const double us = numbers.Cycle(phase, batch, before, device, next, last) / count;
        From(last + 1, left & ~group, device, std::max(slowest, us));
      }
    }
  }

  bool Alike(unsigned group) const {
    const int first = __builtin_ctz(group);
    for (int d = first + 1; d < numbers.devices; ++d) {
      if ((group >> d & 1) && !twins[first][d]) return false;
    }
    return true;
  }
};

// [set]: of disjoint chains within it.
std::vector<double> Together(const Numbers& numbers, Phase phase) {
  const unsigned sets = 1u << numbers.devices;
  std::vector<std::vector<bool>> twins(numbers.devices, std::vector<bool>(numbers.devices));
  for (int a = 0; a < numbers.devices; ++a) {
    for (int b = 0; b < numbers.devices; ++b) twins[a][b] = a != b && numbers.Twins(a, b);
  }
  std::vector<double> chain(sets, 0.0), together(sets, 0.0);
  for (unsigned set = 1; set < sets; ++set) {
    for (int batch = 1; batch <= (phase == Phase::kPrefill ? 1 : 256); batch *= 2) {
      ChainSearch search{numbers, twins, phase, batch, batch * __builtin_popcount(set)};
      search.From(0, set, -1, 0);
      const double tokens = phase == Phase::kPrefill ? numbers.output : batch;
      chain[set] = std::max(chain[set], tokens * 1e6 / search.best_us);
    }
    for (unsigned part = set; part > 0; part = (part - 1) & set) {
      together[set] = std::max(together[set], chain[part] + together[set & ~part]);
    }
  }
  return together;
}

}  // namespace

ServiceBox RandomServiceBox(uint64_t seed) {
  Dice dice(seed);
  ServiceBox box;
  Workload& workload = box.workload;
  workload.layers = dice.Chance(0.1) ? dice.Int(7, 12) : dice.Int(1, 6);
  workload.hidden_bytes_per_token = dice.Int(64, 16384);
  workload.kv_bytes_per_token_layer = dice.Int(0, 64);
  workload.items.push_back({"embed", 1.0 * dice.Int(0, 900000), 0});
  for (int i = 0; i < workload.layers; ++i) {
    workload.items.push_back(
        {"layer." + std::to_string(i), 1.0 * dice.Int(50000, 200000), dice.Real(0.5, 1.5)});
  }
  workload.items.push_back({"head", 1.0 * dice.Int(0, 900000), dice.Real(0.1, 6)});
  if (dice.Chance(0.4)) {
    workload.items.back().tied_with = "embed";
    if (!dice.Chance(0.2)) workload.items.back().weight_bytes = workload.items[0].weight_bytes;
  }
  const int devices = dice.Int(1, workload.layers > 6 ? 4 : 5);
  const bool links = dice.Chance(0.6);
  for (int d = 0; d < devices; ++d) {
    box.machine.devices.push_back(RandomDevice(dice, workload, d));
    if (d > 0 && dice.Chance(0.4)) {
      box.machine.devices[d] = box.machine.devices[dice.Int(0, d - 1)];
      box.machine.devices[d].id = "dev" + std::to_string(d);
    }
  }
  box.machine.default_link = {"", "", dice.Real(0, 50), dice.Real(1e8, 1e10)};
  for (int a = 0; links && a < devices; ++a) {
    for (int b = 0; b < devices; ++b) {
      if (a == b || !dice.Chance(0.5)) continue;
      box.machine.links.push_back({"dev" + std::to_string(a), "dev" + std::to_string(b),
                                   dice.Real(0, 50), dice.Real(1e8, 1e10)});
    }
  }
  box.objective.kind = ObjectiveKind::kThroughput;
  box.objective.prompt_tokens = dice.Chance(0.3) ? 0 : dice.Int(1, 512);
  box.objective.output_tokens = dice.Int(1, 128);
  return box;
}

double ServiceTruth::Best() const { return std::max(together.back(), split.back()); }

ServiceTruth TryEveryService(const ServiceBox& box) {
  const Numbers numbers{box};
  ServiceTruth truth;
  truth.together = Together(numbers, Phase::kBoth);
  truth.split.assign(truth.together.size(), 0.0);
  if (!(numbers.prompt > 0)) return truth;
  const auto prefill = Together(numbers, Phase::kPrefill),
             decode = Together(numbers, Phase::kDecode);
  for (unsigned set = 1; set < truth.split.size(); ++set) {
    for (unsigned part = set; part > 0; part = (part - 1) & set) {
      truth.split[set] = std::max(truth.split[set], std::min(prefill[part], decode[set & ~part]));
    }
  }
  return truth;
}

}  // namespace motley
