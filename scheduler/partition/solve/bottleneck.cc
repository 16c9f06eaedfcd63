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

#include "scheduler/partition/solve/limits.h"
#include "scheduler/partition/solve/states.h"

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Up to here, finding out what does not matter takes longer than it saves.
constexpr int kSmallStates = 128;

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

// A start that may still win: the value before it, the time of the items before it, where it is.
struct Candidate {
  double before, prefix;
  int start;
};

class BottleneckStep final : public StageStep {
 public:
  BottleneckStep(const Problem& problem, const StateTable& table, const UsefulValues& useful)
      : problem_(problem),
        table_(table),
        useful_(useful),
        order_(ByBoundary(problem)),
        queue_(problem.items + 1),
        least_(problem.items),
        kept_(problem.items) {}

  void After(const LiveRows& before, int state, int cls, double* row,
             uint16_t* decisions) override {
    std::fill(row, row + problem_.items + 1, kInfinity);
    std::fill(least_.begin(), least_.end(), kInfinity);
    for (const int from : order_[cls]) {
      if (!before[from] || !KeepPromising(before[from])) continue;
      const double link = problem_.Boundary(from, cls);
      for (const Way& way : problem_.classes[cls].ways) {
        if (way.IsAdditive()) {
          AddAdditive(way, before[from], from, link, row, decisions);
        } else {
          AddAny(way, before[from], from, link, row, decisions);
        }
      }
    }
    const int least = std::min(useful_.LeastItems(state), problem_.items);
    std::fill(row, row + least, kInfinity);
    const double most = useful_.most();
    for (int end = least; end < problem_.items; ++end) {
      row[end] = row[end] > most ? kInfinity : row[end];
    }
  }

 private:
  // Keeps the starts whose value in `row` is below all over cheaper boundaries: the others can
  // never win. False when there are none.
  bool KeepPromising(const double* row) {
    const int items = problem_.items;
    double* least = least_.data();
    double* kept = kept_.data();
    for (int i = 0; i < items; ++i) {
      const bool better = row[i] < least[i];
      kept[i] = better ? row[i] : kInfinity;
      least[i] = better ? row[i] : least[i];
    }
    first_ = 0;
    while (first_ < items && kept[first_] == kInfinity) ++first_;
    last_ = items - 1;
    while (last_ > first_ && kept[last_] == kInfinity) --last_;
    return first_ < items;
  }

  // Without a branch: which offer wins is as good as random.
  void Offer(int start, int end, int from, double value, double* row, uint16_t* decisions) const {
    const bool better = value < row[end];
    row[end] = better ? value : row[end];
    decisions[end] = better ? table_.Pack(start, from) : decisions[end];
  }

  void AddAdditive(const Way& way, const double* before, int from, double link, double* row,
                   uint16_t* decisions) {
    const double* prefix = way.prefix.data();
    const int* lo = way.runs.lo.data();
    const double* kept = kept_.data();
    const int items = problem_.items, last = last_;
    const double most = useful_.most() - link + prefix[last];
    const Candidate* head = queue_.data();
    Candidate* tail = queue_.data();
    for (int end = first_ + 1; end <= items && lo[end] <= last && prefix[end] <= most; ++end) {
      const double value = kept[end - 1];
      if (value < kInfinity) {
        while (tail > head && tail[-1].before >= value) --tail;
        *tail++ = {value, prefix[end - 1], end - 1};
      }
      while (head < tail && head->start < lo[end]) ++head;
      const double to_end = link + prefix[end];
      while (tail - head > 1 && to_end - head->prefix >= head[1].before) ++head;
      if (head == tail) continue;
      Offer(head->start, end, from, std::max(head->before, to_end - head->prefix), row, decisions);
    }
    if (way.runs.extra.empty()) return;
    for (int end = 1; end <= problem_.items; ++end) {
      for (const int first : way.runs.extra[end]) {
        const double stage = link + way.Cost(first, end);
        Offer(first, end, from, std::max(before[first], stage), row, decisions);
      }
    }
  }

  void AddAny(const Way& way, const double* before, int from, double link, double* row,
              uint16_t* decisions) const {
    for (int start = first_; start <= last_; ++start) {
      if (kept_[start] == kInfinity) continue;
      for (int end = start + 1; end <= problem_.items && way.runs.lo[end] <= start; ++end) {
        const double stage = link + way.Cost(start, end);
        Offer(start, end, from, std::max(before[start], stage), row, decisions);
      }
    }
  }

  const Problem& problem_;
  const StateTable& table_;
  const UsefulValues& useful_;
  const std::vector<std::vector<int>> order_;
  std::vector<Candidate> queue_;
  std::vector<double> least_, kept_;
  int first_ = 0, last_ = 0;  // of the starts kept
};

}  // namespace

void SolveBottleneckWithin(const Problem& problem, StateTable& table, const UsefulValues& useful) {
  BottleneckStep step(problem, table, useful);
  Sweep(problem, table, step);
}

void SolveBottleneck(const Problem& problem, StateTable& table) {
  const bool small = table.states() < kSmallStates;
  SolveBottleneckWithin(problem, table, small ? UsefulValues() : UsefulValues(problem, table));
}

}  // namespace motley
