// cost-model 2(b) at batch 1: value(S, d, e) = min over p and i of max(value(S - d, p, i), link(p,
// d) + time_d(i, e)).
//
// For one p the candidates i are kept in a queue in which the earlier start has the smaller value
// before it (a start with a larger value than a later one can never win: its stage is longer too).
// The stage of every candidate grows by the same amount as e moves right, so once the front's stage
// reaches the second's value the front has lost for good. What is in front is then the best:
// constant work per (S, d, p, e) on average.

#include <algorithm>
#include <limits>

#include "scheduler/partition/solve/states.h"

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void FillFirstStage(const DeviceClass& device, int items, double* row) {
  row[0] = kInfinity;
  for (int end = 1; end <= items; ++end) {
    row[end] = device.runs.Fits(0, end) ? device.prefix[end] : kInfinity;
  }
}

// A start that may still win: the value before it, the time of the items before it, where it is.
struct Candidate {
  double before, prefix;
  int start;
};

// Lowers row[end] to the best value with a stage of `device` after `before`, whose boundary costs
// `link`.
void ImproveAfter(const DeviceClass& device, int items, const double* before, double link,
                  Candidate* queue, double* row) {
  const double* prefix = device.prefix.data();
  const int* lo = device.runs.lo.data();
  const Candidate* head = queue;
  Candidate* tail = queue;
  for (int end = 1; end <= items; ++end) {
    const double value = before[end - 1];
    if (value < kInfinity) {
      while (tail > head && tail[-1].before >= value) --tail;
      *tail++ = {value, prefix[end - 1], end - 1};
    }
    while (head < tail && head->start < lo[end]) ++head;
    const double to_end = link + prefix[end];
    while (tail - head > 1 && to_end - head->prefix >= head[1].before) ++head;
    if (head == tail) continue;
    row[end] = std::min(row[end], std::max(head->before, to_end - head->prefix));
  }
  if (device.runs.extra.empty()) return;
  for (int end = 1; end <= items; ++end) {
    for (const int first : device.runs.extra[end]) {
      row[end] = std::min(row[end], std::max(before[first], link + prefix[end] - prefix[first]));
    }
  }
}

// The classes in order of their boundary into each class, cheapest first: [to][...].
std::vector<std::vector<int>> ByBoundary(const Problem& problem) {
  const int classes = static_cast<int>(problem.classes.size());
  std::vector<std::vector<int>> order(classes);
  for (int to = 0; to < classes; ++to) {
    for (int from = 0; from < classes; ++from) order[to].push_back(from);
    std::stable_sort(order[to].begin(), order[to].end(), [&](int a, int b) {
      return problem.Boundary(a, to) < problem.Boundary(b, to);
    });
  }
  return order;
}

// Moves to `kept` the values of `row` that are below all over cheaper boundaries: the others can
// never win. False when there are none.
bool KeepPromising(const double* row, int items, double* least, double* kept) {
  bool any = false;
  for (int i = 0; i < items; ++i) {
    const bool better = row[i] < least[i];
    kept[i] = better ? row[i] : kInfinity;
    least[i] = better ? row[i] : least[i];
    any |= better;
  }
  return any;
}

}  // namespace

void SolveBottleneck(const Problem& problem, StateTable& table) {
  std::vector<Candidate> queue(problem.items + 1);
  std::vector<double> least(problem.items), kept(problem.items);
  const auto order = ByBoundary(problem);
  const int classes = static_cast<int>(problem.classes.size());
  for (int state = 1; state < table.states(); ++state) {
    for (int cls = 0; cls < classes; ++cls) {
      double* row = table.Row(state, cls);
      if (!row) continue;
      const DeviceClass& device = problem.classes[cls];
      const int before = state - table.stride(cls);
      if (before == 0) {
        FillFirstStage(device, problem.items, row);
        continue;
      }
      std::fill(row, row + table.row_length(), kInfinity);
      std::fill(least.begin(), least.end(), kInfinity);
      for (const int from : order[cls]) {
        const double* values = table.Row(before, from);
        if (!values || !KeepPromising(values, problem.items, least.data(), kept.data())) continue;
        ImproveAfter(device, problem.items, kept.data(), problem.Boundary(from, cls), queue.data(),
                     row);
      }
    }
  }
}

}  // namespace motley
