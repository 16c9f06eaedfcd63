#include "scheduler/partition/solve/problem.h"

namespace motley {
namespace {

// Everything a placement can feel of a machine: weighted item times, memory, weighted links.
struct Felt {
  std::vector<std::vector<double>> items;
  std::vector<double> usable;
  std::vector<double> links;
  size_t count() const { return usable.size(); }
  double Link(size_t from, size_t to) const { return links[from * count() + to]; }
};

// Whether exchanging a and b leaves the machine as it was.
bool Exchangeable(const Felt& felt, size_t a, size_t b) {
  if (felt.usable[a] != felt.usable[b] || felt.items[a] != felt.items[b]) return false;
  if (felt.Link(a, b) != felt.Link(b, a)) return false;
  for (size_t other = 0; other < felt.count(); ++other) {
    if (other == a || other == b) continue;
    if (felt.Link(a, other) != felt.Link(b, other)) return false;
    if (felt.Link(other, a) != felt.Link(other, b)) return false;
  }
  return true;
}

std::vector<std::vector<int>> GroupDevices(const Felt& felt) {
  std::vector<std::vector<int>> groups;
  for (size_t device = 0; device < felt.count(); ++device) {
    bool placed = false;
    for (auto& group : groups) {
      if (!Exchangeable(felt, group.front(), device)) continue;
      group.push_back(static_cast<int>(device));
      placed = true;
      break;
    }
    if (!placed) groups.push_back({static_cast<int>(device)});
  }
  return groups;
}

std::vector<double> PrefixSums(const std::vector<double>& values) {
  std::vector<double> sums = {0};
  for (const double value : values) sums.push_back(sums.back() + value);
  return sums;
}

}  // namespace

std::vector<double> WeightedItems(const ItemCosts& costs, const Objective& objective, int items) {
  std::vector<double> out(items, 0.0);
  const double tokens =
      objective.kind == ObjectiveKind::kLatency ? static_cast<double>(objective.output_tokens) : 1;
  for (int i = 0; i < items; ++i) {
    if (NeedsPrefill(objective)) out[i] += costs.prefill[i];
    if (NeedsDecode(objective)) out[i] += tokens * costs.decode[i];
  }
  return out;
}

double WeightedLink(double prefill_us, double decode_us, const Objective& objective) {
  if (objective.kind == ObjectiveKind::kBottleneck) return decode_us;
  return (NeedsPrefill(objective) ? prefill_us : 0) + objective.output_tokens * decode_us;
}

Problem BuildProblem(const MachineProfile& machine, const Workload& workload,
                     const Objective& objective, const Costs& costs) {
  const int items = static_cast<int>(workload.items.size());
  Felt felt;
  for (size_t d = 0; d < machine.devices.size(); ++d) {
    felt.items.push_back(WeightedItems(costs.devices[d], objective, items));
    felt.usable.push_back(machine.devices[d].usable_bytes);
  }
  for (size_t i = 0; i < costs.decode_link.size(); ++i) {
    felt.links.push_back(WeightedLink(costs.prefill_link[i], costs.decode_link[i], objective));
  }
  const RunBytes bytes(workload);
  Problem problem{.kind = objective.kind, .items = items};
  for (auto& group : GroupDevices(felt)) {
    const int first = group.front();
    problem.classes.push_back(
        {std::move(group), PrefixSums(felt.items[first]), RunsWithin(bytes, felt.usable[first])});
  }
  for (const DeviceClass& from : problem.classes) {
    for (const DeviceClass& to : problem.classes) {
      const bool same = &from == &to;
      const int other = same && to.members.size() > 1 ? to.members[1] : to.members[0];
      problem.boundary.push_back(felt.Link(from.members[0], other));
    }
  }
  return problem;
}

}  // namespace motley
