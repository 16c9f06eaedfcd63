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

#include "scheduler/partition/states.h"

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

// The boundaries into one device are often all alike (no measured links yet): then the best value
// before is enough.
bool OneBoundary(const Problem& problem, const StateTable& table, int before, int to,
                 std::vector<double>& least, double& link) {
  bool first = true;
  for (int from = 0; from < static_cast<int>(problem.classes.size()); ++from) {
    const double* row = table.Row(before, from);
    if (!row) continue;
    if (!first && problem.Boundary(from, to) != link) return false;
    link = problem.Boundary(from, to);
    for (int i = 0; i < problem.items; ++i) least[i] = first ? row[i] : std::min(least[i], row[i]);
    first = false;
  }
  return true;
}

}  // namespace

void SolveBottleneck(const Problem& problem, StateTable& table) {
  std::vector<Candidate> queue(problem.items + 1);
  std::vector<double> least(problem.items);
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
      double link = 0;
      if (OneBoundary(problem, table, before, cls, least, link)) {
        ImproveAfter(device, problem.items, least.data(), link, queue.data(), row);
        continue;
      }
      for (int from = 0; from < classes; ++from) {
        const double* values = table.Row(before, from);
        if (!values) continue;
        ImproveAfter(device, problem.items, values, problem.Boundary(from, cls), queue.data(), row);
      }
    }
  }
}

}  // namespace motley
