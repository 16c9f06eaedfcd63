#include "scheduler/partition/solve/limits.h"

#include <algorithm>

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Blocks of three, and blocks of those, as long as there is one for each device.
constexpr int kBlock = 3;

// Where blocks may end: the first and the last item, often unlike the rest, are blocks of their
// own.
std::vector<int> BlockEnds(int items) {
  std::vector<int> ends = {0, 1};
  for (int end = 1 + kBlock; end < items - 1; end += kBlock) ends.push_back(end);
  ends.push_back(items - 1);
  ends.push_back(items);
  return ends;
}

Way InBlocks(const Way& way, const std::vector<int>& ends) {
  const int blocks = static_cast<int>(ends.size()) - 1;
  Way coarse{.mode = way.mode};
  coarse.runs.lo.assign(ends.size(), 0);
  for (int end = 1; end <= blocks; ++end) {
    const int lo = way.runs.lo[ends[end]];
    const auto first = std::lower_bound(ends.begin(), ends.end(), lo);
    coarse.runs.lo[end] = std::min(static_cast<int>(first - ends.begin()), end);
  }
  if (way.IsAdditive()) {
    for (const int end : ends) coarse.prefix.push_back(way.prefix[end]);
    return coarse;
  }
  coarse.table.assign(ends.size() * ends.size(), 0.0);
  for (int end = 1; end <= blocks; ++end) {
    for (int first = coarse.runs.lo[end]; first < end; ++first) {
      coarse.table[first * ends.size() + end] = way.Cost(ends[first], ends[end]);
    }
  }
  return coarse;
}

Problem InBlocks(const Problem& problem, const std::vector<int>& ends) {
  Problem coarse{.kind = problem.kind, .items = static_cast<int>(ends.size()) - 1};
  coarse.boundary = problem.boundary;
  for (const DeviceClass& device : problem.classes) {
    DeviceClass& to = coarse.classes.emplace_back();
    to.members = device.members;
    to.parts = device.parts;
    for (const Way& way : device.ways) to.ways.push_back(InBlocks(way, ends));
  }
  return coarse;
}

// [state]: the furthest item that memory lets the devices of the state hold a prefix up to.
std::vector<int> FurthestByMemory(const Problem& problem, const StateTable& table) {
  std::vector<std::vector<int>> ends;  // [class][first]
  for (const DeviceClass& device : problem.classes) {
    std::vector<int>& furthest = ends.emplace_back(problem.items + 1);
    for (int first = 0; first <= problem.items; ++first) {
      furthest[first] = first;
      for (const Way& way : device.ways) {
        for (int end = furthest[first] + 1; end <= problem.items; ++end) {
          if (way.runs.Fits(first, end)) furthest[first] = end;
        }
      }
    }
  }
  std::vector<int> reach(table.states(), 0);
  for (int state = 1; state < table.states(); ++state) {
    for (int cls = 0; cls < table.classes(); ++cls) {
      if (table.Count(state, cls) == 0) continue;
      reach[state] = std::max(reach[state], ends[cls][reach[state - table.stride(cls)]]);
    }
  }
  return reach;
}

bool HoldsAnything(const DeviceClass& device) {
  return std::any_of(device.ways.begin(), device.ways.end(),
                     [](const Way& way) { return way.runs.Any(); });
}

// The worst answer to any question that has one; infinite where blocks have none and items might.
double WorstAnswer(const Problem& problem, const StateTable& blocks) {
  // Of items: what memory rules out there, blocks need not have.
  const std::vector<int> reach = FurthestByMemory(problem, blocks);
  double worst = 0;
  bool all = true;
  for (int cls = 0; cls < blocks.classes(); ++cls) {
    const int most = static_cast<int>(problem.classes[cls].members.size());
    std::vector<double> by_count(most + 1, kInfinity);
    for (int state = 1; state < blocks.states(); ++state) {
      double& best = by_count[blocks.Count(state, cls)];
      best = std::min(best, blocks.Final(state));
    }
    double at_most = kInfinity, at_least = kInfinity;
    for (int count = 0; count < most; ++count) {
      at_most = std::min(at_most, by_count[count]);
      const int largest = blocks.full() - (most - count) * blocks.stride(cls);
      if (reach[largest] == problem.items) worst = std::max(worst, at_most);
      at_least = std::min(at_least, by_count[most - count]);
      if (HoldsAnything(problem.classes[cls])) worst = std::max(worst, at_least);
    }
    all &= HoldsAnything(problem.classes[cls]);
  }
  return all ? std::max(worst, blocks.Final(blocks.full())) : worst;
}

// [end]: the earliest start of a run that ends there, within a cost.
std::vector<int> EarliestStarts(const DeviceClass& device, int items, double most_us) {
  std::vector<int> starts(items + 1, items);
  for (int end = 0; end <= items; ++end) {
    starts[end] = end;
    for (const Way& way : device.ways) {
      // The cost of a run falls as it starts later.
      int first = way.runs.lo[end];
      while (first < end && way.Cost(first, end) > most_us) ++first;
      starts[end] = std::min(starts[end], first);
    }
  }
  return starts;
}

}  // namespace

UsefulValues::UsefulValues(const Problem& problem, const StateTable& table) {
  for (const DeviceClass& device : problem.classes) {
    // A group would count beside its members; runs that fit by an odd chance are in no block.
    if (!device.parts.empty()) return;
    for (const Way& way : device.ways) {
      if (!way.runs.extra.empty()) return;
    }
  }
  const std::vector<int> ends = BlockEnds(problem.items);
  if (problem.items < 4 * kBlock || static_cast<int>(ends.size()) - 1 < table.Used(table.full())) {
    return;
  }
  const Problem coarse = InBlocks(problem, ends);
  auto blocks = StateTable::Make(coarse);
  if (!blocks.ok()) return;
  SolveBottleneckWithin(coarse, *blocks, UsefulValues(coarse, *blocks));
  // Sums of blocks are rounded in another order than those of items.
  most_us_ = WorstAnswer(problem, *blocks) * (1 + 1e-9);
  if (!(most_us_ < kInfinity)) return;
  std::vector<std::vector<int>> starts;
  for (const DeviceClass& device : problem.classes) {
    starts.push_back(EarliestStarts(device, problem.items, most_us_));
  }
  least_items_.assign(table.states(), problem.items);
  for (int rest = 1; rest < table.states(); ++rest) {
    int& least = least_items_[rest];
    for (int cls = 0; cls < table.classes(); ++cls) {
      if (table.Count(rest, cls) == 0) continue;
      least = std::min(least, starts[cls][least_items_[rest - table.stride(cls)]]);
    }
  }
  full_ = table.full();
}

}  // namespace motley
