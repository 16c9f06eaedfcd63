// How long a plan takes to find. Prints the median of five solves per size and objective:
//   plan_bench

#include <algorithm>
#include <array>
#include <cstdio>

#include "scheduler/partition/partitioner.h"
#include "tests/scheduler/partition/boxes.h"

namespace {

double MedianSolveMs(const motley::Box& box, const motley::Objective& objective) {
  std::array<double, 5> times{};
  for (double& ms : times) {
    const auto plan = motley::Partition(box.machine, box.workload, objective);
    ms = plan.ok() ? plan->proof.solve_ms : -1;
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main() {
  std::printf("%-8s %-6s %-12s %s\n", "devices", "items", "objective", "solve_ms");
  for (const int devices : {2, 4, 8, 12}) {
    const motley::Box box = motley::LargeBox(devices, 128);
    for (const auto kind : {motley::ObjectiveKind::kLatency, motley::ObjectiveKind::kBottleneck}) {
      motley::Objective objective;
      objective.kind = kind;
      std::printf("%-8d %-6zu %-12s %.2f\n", devices, box.workload.items.size(),
                  motley::ObjectiveName(kind), MedianSolveMs(box, objective));
    }
  }
  return 0;
}
