// cost-model 2(a): value(S, d, e) = min over the device p before and the item i where d starts of
// value(S - d, p, i) + link(p, d) + time_d(i, e). With h[i] = min over p taken first, what is left
// is a minimum of h[i] - prefix[i] over a window of i that only moves right: one pass with a
// monotone queue.

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

// starts[i] = min over the class p before of value(before, p, i) + link(p, to) - prefix_to[i].
void BestStarts(const Problem& problem, const StateTable& table, int before, int to,
                std::vector<double>& starts) {
  std::fill(starts.begin(), starts.end(), kInfinity);
  double* out = starts.data();
  for (int from = 0; from < static_cast<int>(problem.classes.size()); ++from) {
    const double* row = table.Row(before, from);
    if (!row) continue;
    const double link = problem.Boundary(from, to);
    for (int i = 0; i < problem.items; ++i) {
      const double value = row[i] + link;
      out[i] = value < out[i] ? value : out[i];
    }
  }
  const double* prefix = problem.classes[to].prefix.data();
  for (int i = 0; i < problem.items; ++i) out[i] -= prefix[i];
}

void FillLaterStage(const DeviceClass& device, int items, const std::vector<double>& starts,
                    std::vector<int>& queue, double* row) {
  int head = 0, tail = 0;
  row[0] = kInfinity;
  for (int end = 1; end <= items; ++end) {
    const int added = end - 1;
    while (tail > head && starts[queue[tail - 1]] >= starts[added]) --tail;
    queue[tail++] = added;
    while (head < tail && queue[head] < device.runs.lo[end]) ++head;
    double best = head < tail ? starts[queue[head]] : kInfinity;
    if (!device.runs.extra.empty()) {
      for (const int first : device.runs.extra[end]) best = std::min(best, starts[first]);
    }
    row[end] = best + device.prefix[end];
  }
}

}  // namespace

void SolveLatency(const Problem& problem, StateTable& table) {
  std::vector<double> starts(problem.items);
  std::vector<int> queue(problem.items + 1);
  for (int state = 1; state < table.states(); ++state) {
    for (int cls = 0; cls < static_cast<int>(problem.classes.size()); ++cls) {
      double* row = table.Row(state, cls);
      if (!row) continue;
      const DeviceClass& device = problem.classes[cls];
      const int before = state - table.stride(cls);
      if (before == 0) {
        FillFirstStage(device, problem.items, row);
        continue;
      }
      BestStarts(problem, table, before, cls, starts);
      FillLaterStage(device, problem.items, starts, queue, row);
    }
  }
}

}  // namespace motley
