#include "scheduler/partition/solve/problem.h"

#include "scheduler/partition/solve/classes.h"

namespace motley {
namespace {

std::vector<double> PrefixSums(const std::vector<double>& values) {
  std::vector<double> sums = {0};
  for (const double value : values) sums.push_back(sums.back() + value);
  return sums;
}

Felt FeltOf(const MachineProfile& machine, const Objective& objective, const Costs& costs,
            int items) {
  Felt felt;
  for (size_t d = 0; d < machine.devices.size(); ++d) {
    const LinkProfile& host = machine.Link("host", machine.devices[d].id);
    felt.devices.push_back(WeightedItems(costs.devices[d], objective, items));
    const double more[] = {machine.devices[d].usable_bytes, host.latency_us, host.bytes_per_s};
    felt.devices.back().insert(felt.devices.back().end(), std::begin(more), std::end(more));
  }
  for (size_t i = 0; i < costs.decode_link.size(); ++i) {
    felt.links.push_back(WeightedLink(costs.prefill_link[i], costs.decode_link[i], objective));
  }
  return felt;
}

// Weights come over the link from the host at every step; what that costs does not add up item by
// item, as a stage is as slow as the slower of the two.
Way StreamedWay(const Workload& workload, const Objective& objective, const Costs& costs,
                int device, double usable_bytes) {
  const int items = static_cast<int>(workload.items.size());
  Way way{.mode = StageMode::kStreamed};
  way.runs = RunsWithin(RunBytes::Streamed(workload), usable_bytes);
  way.table.assign(static_cast<size_t>((items + 1) * (items + 1)), 0.0);
  const double tokens =
      objective.kind == ObjectiveKind::kLatency ? static_cast<double>(objective.output_tokens) : 1;
  for (int end = 1; end <= items; ++end) {
    for (int first = way.runs.lo[end]; first < end; ++first) {
      double& us = way.table[static_cast<size_t>(first * (items + 1) + end)];
      if (NeedsPrefill(objective)) {
        us += StreamedStep(costs, device, first, end - 1, PromptStep(objective));
      }
      if (NeedsDecode(objective)) {
        us += tokens * StreamedStep(costs, device, first, end - 1, TokenStep(objective));
      }
    }
  }
  return way;
}

}  // namespace

const Way* BestWay(const DeviceClass& device, int first, int end) {
  const Way* best = nullptr;
  for (const Way& way : device.ways) {
    if (!way.runs.Fits(first, end)) continue;
    if (!best || way.Cost(first, end) < best->Cost(first, end)) best = &way;
  }
  return best;
}

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
                     const Objective& objective, const Costs& costs, StageModes modes) {
  const int items = static_cast<int>(workload.items.size());
  const Felt felt = FeltOf(machine, objective, costs, items);
  const RunBytes bytes(workload);
  Problem problem{.kind = objective.kind, .items = items};
  for (AlikeDevices& alike : FindClasses(machine, felt)) {
    const int first = alike.members.front();
    Way resident;
    resident.prefix = PrefixSums(WeightedItems(costs.devices[first], objective, items));
    resident.runs = RunsWithin(bytes, machine.devices[first].usable_bytes);
    std::vector<Way> ways = {std::move(resident)};
    const DeviceProfile& device = machine.devices[first];
    if (modes == StageModes::kResidentOrStreamed &&
        machine.Link("host", device.id).bytes_per_s > 0) {
      ways.push_back(StreamedWay(workload, objective, costs, first, device.usable_bytes));
    }
    problem.classes.push_back({std::move(alike.members), std::move(ways), std::move(alike.parts)});
  }
  for (const DeviceClass& from : problem.classes) {
    for (const DeviceClass& to : problem.classes) {
      const bool same = &from == &to;
      const int other = same && to.members.size() > 1 ? to.members[1] : to.members[0];
      problem.boundary.push_back(felt.links[from.members[0] * machine.devices.size() + other]);
    }
  }
  return problem;
}

}  // namespace motley
