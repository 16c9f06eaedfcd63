// How long a plan takes to find, and what plans for many requests reach:
//   plan_bench
// Medians of five solves for one request; one solve each for the clusters.

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "scheduler/partition/partitioner.h"
#include "tests/scheduler/partition/boxes.h"

namespace motley {
namespace {

double MedianSolveMs(const Box& box, const Objective& objective) {
  std::array<double, 5> times{};
  for (double& ms : times) {
    const auto plan = Partition(box.machine, box.workload, objective);
    ms = plan.ok() ? plan->proof.solve_ms : -1;
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void Print(const char* devices, const Box& box) {
  for (const auto kind : {ObjectiveKind::kLatency, ObjectiveKind::kBottleneck}) {
    Objective objective;
    objective.kind = kind;
    std::printf("%-14s %-6zu %-12s %.2f\n", devices, box.workload.items.size(), ObjectiveName(kind),
                MedianSolveMs(box, objective));
  }
}

// 16 devices, twice eight alike.
Box TwoKinds() {
  Box box = LargeBox(2, 128);
  for (int d = 2; d < 16; ++d) {
    box.machine.devices.push_back(box.machine.devices[d % 2]);
    box.machine.devices.back().id = "dev" + std::to_string(d);
  }
  for (DeviceProfile& device : box.machine.devices) device.usable_bytes /= 4;
  box.machine.links.clear();
  return box;
}

struct Kind {
  const char* name;
  int count;
  double gib, bytes_per_s, flops;
};

// An 80-layer model of 70e9 parameters in 16 bits, 8 KV heads, between hosts on 10 Gbit/s.
Box Cluster(const std::vector<Kind>& kinds) {
  Box box;
  box.workload = {.name = "70B", .layers = 80, .hidden_bytes_per_token = 16384};
  box.workload.kv_bytes_per_token_layer = 4096;
  const double layer = 855e6 * 2, table = 32000.0 * 8192 * 2;
  box.workload.items.push_back({"embed", table, 0, 0});
  for (int i = 0; i < 80; ++i) {
    box.workload.items.push_back({"layer." + std::to_string(i), layer, 1, layer});
  }
  box.workload.items.push_back({"head", table, 1, table});
  for (const Kind& kind : kinds) {
    for (int i = 0; i < kind.count; ++i) {
      DeviceProfile device{.id = kind.name + std::to_string(i), .kind = "gpu"};
      device.usable_bytes = device.memory_bytes = kind.gib * (1 << 30) * 0.9;
      device.peak = PeakRates{kind.bytes_per_s * 0.8, kind.flops * 0.5, 0, 20};
      box.machine.devices.push_back(device);
    }
  }
  box.machine.default_link = {"", "", 100, 1.25e9};
  box.objective = {ObjectiveKind::kThroughput, 763, 232};
  return box;
}

void PrintCluster(const char* name, const Box& box) {
  const auto plan = Partition(box.machine, box.workload, box.objective);
  if (!plan.ok()) {
    std::printf("%-24s %s\n", name, plan.error().message.c_str());
    return;
  }
  size_t replicas = 0;
  for (const Pool& pool : plan->pools) replicas += pool.replicas.size();
  std::printf("%-24s %8.1f tok/s  %-8s gap %4.1f %%  %zu pools %zu replicas %zu unused  %.0f ms\n",
              name, plan->proof.value, plan->proof.method.c_str(), plan->proof.gap * 100,
              plan->pools.size(), replicas, plan->unused.size(), plan->proof.solve_ms);
}

void PrintClusters() {
  const Kind a100{"a100-", 4, 40, 1555e9, 312e12}, v100{"v100-", 6, 16, 900e9, 125e12};
  const Kind l4{"l4-", 8, 24, 300e9, 121e12}, t4{"t4-", 12, 16, 320e9, 65e12};
  const Kind two_l4{"2l4-", 4, 48, 600e9, 242e12}, two_t4{"2t4-", 6, 32, 640e9, 130e12};
  const Kind four_t4{"4t4-", 4, 64, 1280e9, 260e12};
  Kind ten_t4 = t4;
  ten_t4.count = 10;
  std::printf("\n%s\n", "throughput, 763 tokens in, 232 out, data-sheet prices");
  PrintCluster("8 different", [] {
    Box box = LargeBox(8, 80);
    box.objective = {ObjectiveKind::kThroughput, 512, 128};
    for (DeviceProfile& device : box.machine.devices) device.usable_bytes *= 3;
    return box;
  }());
  PrintCluster("24 devices of 3 kinds", Cluster({a100, l4, t4}));
  PrintCluster("42 devices of 7 kinds", Cluster({a100, v100, l4, ten_t4, two_l4, two_t4, four_t4}));
}

}  // namespace
}  // namespace motley

int main() {
  std::printf("%-14s %-6s %-12s %s\n", "devices", "items", "objective", "solve_ms");
  for (const int devices : {2, 4, 8, 12, 16}) {
    motley::Print(std::to_string(devices).c_str(), motley::LargeBox(devices, 128));
  }
  motley::Print("16 of 2 kinds", motley::TwoKinds());
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::printf("peak memory %.0f MiB\n", used.ru_maxrss / 1024.0);
  motley::PrintClusters();
  return 0;
}
