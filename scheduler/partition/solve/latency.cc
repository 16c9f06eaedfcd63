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

class LatencyStep final : public StageStep {
 public:
  LatencyStep(const Problem& problem, const StateTable& table)
      : problem_(problem),
        table_(table),
        best_(problem.items),
        before_(problem.items),
        starts_(problem.items),
        queue_(problem.items + 1) {}

  void After(const LiveRows& before, int, int cls, double* row, uint16_t* decisions) override {
    BestBefore(before, cls);
    std::fill(row, row + problem_.items + 1, kInfinity);
    for (const Way& way : problem_.classes[cls].ways) {
      if (way.IsAdditive()) {
        AddAdditive(way, row, decisions);
      } else {
        AddAny(way, row, decisions);
      }
    }
  }

 private:
  // best_[i] = min over the class p before of value(before, p, i) + link(p, to), before_[i] that p
  // (as a double: the loop is one of vectors of one width).
  void BestBefore(const LiveRows& before, int to) {
    std::fill(best_.begin(), best_.end(), kInfinity);
    double* best = best_.data();
    double* who = before_.data();
    for (size_t from = 0; from < before.size(); ++from) {
      const double* row = before[from];
      if (!row) continue;
      const double link = problem_.Boundary(static_cast<int>(from), to), name = from;
      for (int i = 0; i < problem_.items; ++i) {
        const double value = row[i] + link;
        const bool better = value < best[i];
        best[i] = better ? value : best[i];
        who[i] = better ? name : who[i];
      }
    }
  }

  void Offer(int start, int end, double value, double* row, uint16_t* decisions) const {
    if (!(value < row[end])) return;
    row[end] = value;
    decisions[end] = table_.Pack(start, static_cast<int>(before_[start]));
  }

  void AddAdditive(const Way& way, double* row, uint16_t* decisions) {
    const double* prefix = way.prefix.data();
    for (int i = 0; i < problem_.items; ++i) starts_[i] = best_[i] - prefix[i];
    int head = 0, tail = 0;
    for (int end = 1; end <= problem_.items; ++end) {
      const int added = end - 1;
      while (tail > head && starts_[queue_[tail - 1]] >= starts_[added]) --tail;
      queue_[tail++] = added;
      while (head < tail && queue_[head] < way.runs.lo[end]) ++head;
      if (head < tail) {
        const int start = queue_[head];
        Offer(start, end, starts_[start] + prefix[end], row, decisions);
      }
      if (way.runs.extra.empty()) continue;
      for (const int first : way.runs.extra[end]) {
        Offer(first, end, starts_[first] + prefix[end], row, decisions);
      }
    }
  }

  void AddAny(const Way& way, double* row, uint16_t* decisions) const {
    for (int end = 1; end <= problem_.items; ++end) {
      for (int start = way.runs.lo[end]; start < end; ++start) {
        Offer(start, end, best_[start] + way.Cost(start, end), row, decisions);
      }
    }
  }

  const Problem& problem_;
  const StateTable& table_;
  std::vector<double> best_, before_, starts_;
  std::vector<int> queue_;
};

}  // namespace

void SolveLatency(const Problem& problem, StateTable& table) {
  LatencyStep step(problem, table);
  Sweep(problem, table, step);
}

}  // namespace motley
