// Plans against rules of thumb on 200 random boxes whose devices' speeds spread tenfold:
//   rules_bench
// How much longer than the plan's the rule's placement takes, and where it does not fit.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>

#include "scheduler/partition/partitioner.h"
#include "tests/scheduler/partition/boxes.h"

namespace motley {
namespace {

constexpr int kBoxes = 200;

std::vector<int> InOrder(const Box& box) {
  std::vector<int> order(box.machine.devices.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

double Speed(const DeviceProfile& device) {
  const auto& decode = device.item_times->decode;
  return 1 / std::accumulate(decode.begin(), decode.end(), 1e-9);
}

std::vector<int> FastestFirst(const Box& box) {
  std::vector<int> order = InOrder(box);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return Speed(box.machine.devices[a]) > Speed(box.machine.devices[b]);
  });
  return order;
}

// Items in proportion to a weight, in order of devices.
std::vector<Stage> InProportion(const Box& box,
                                const std::function<double(const DeviceProfile&)>& weight) {
  const int items = static_cast<int>(box.workload.items.size());
  double total = 0, sum = 0;
  for (const DeviceProfile& device : box.machine.devices) total += weight(device);
  std::vector<Stage> stages;
  int next = 0;
  for (const DeviceProfile& device : box.machine.devices) {
    sum += weight(device);
    const int end = static_cast<int>(std::lround(items * sum / total));
    if (end > next) stages.push_back({device.id, next, end - 1});
    next = std::max(next, end);
  }
  return stages;
}

// The fastest device takes what it can hold, then the next.
std::vector<Stage> FillFastest(const Box& box) {
  const int items = static_cast<int>(box.workload.items.size());
  std::vector<Stage> stages;
  int next = 0;
  for (const int d : FastestFirst(box)) {
    const DeviceProfile& device = box.machine.devices[d];
    double bytes = 0;
    int end = next;
    for (; end < items; ++end) {
      const WorkloadItem& item = box.workload.items[end];
      bytes += item.weight_bytes;
      if (item.IsLayer())
        bytes += box.workload.kv_bytes_per_token_layer * box.workload.context_tokens;
      if (bytes > device.usable_bytes) break;
    }
    if (end > next) stages.push_back({device.id, next, end - 1});
    next = end;
  }
  return stages;
}

void Compare(ObjectiveKind kind, const char* name,
             const std::function<std::vector<Stage>(const Box&)>& rule) {
  std::vector<double> ratios;
  int unfit = 0, better = 0, boxes = 0;
  for (uint64_t seed = 0; boxes < kBoxes; ++seed) {
    const Box box = RandomBox(seed);
    Objective objective = box.objective;
    objective.kind = kind;
    const auto plan = Partition(box.machine, box.workload, objective);
    if (!plan.ok() || box.machine.devices.size() < 2 || plan->proof.value == 0) continue;
    ++boxes;
    const auto placed = Evaluate(box.machine, box.workload, objective, rule(box));
    if (!placed.ok()) {
      ++unfit;
      continue;
    }
    ratios.push_back(placed->proof.value / plan->proof.value);
    better += ratios.back() < 1 - 1e-9 ? 1 : 0;
  }
  double logs = 0;
  for (const double ratio : ratios) logs += std::log(ratio);
  std::printf("%-11s %-20s %8.2f x %8.2f x %8d %14d\n", ObjectiveName(kind), name,
              std::exp(logs / std::max<size_t>(1, ratios.size())),
              ratios.empty() ? 0 : *std::max_element(ratios.begin(), ratios.end()), unfit, better);
}

}  // namespace
}  // namespace motley

int main() {
  using motley::Box;
  using motley::DeviceProfile;
  std::printf("%-11s %-20s %10s %10s %8s %14s\n", "objective", "rule", "mean", "worst", "no fit",
              "beats the plan");
  for (const auto kind : {motley::ObjectiveKind::kLatency, motley::ObjectiveKind::kBottleneck}) {
    motley::Compare(kind, "memory-proportional", [](const Box& box) {
      return motley::InProportion(box, [](const DeviceProfile& d) { return d.usable_bytes; });
    });
    motley::Compare(kind, "speed-proportional",
                    [](const Box& box) { return motley::InProportion(box, motley::Speed); });
    motley::Compare(kind, "fastest-first", motley::FillFastest);
  }
  return 0;
}
