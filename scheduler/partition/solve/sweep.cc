// Sets of devices in order of their numbers. A row (set, last device) depends only on the set
// without that device, which has a smaller number, so once a set has been extended by every device
// that it lacks, its values are done with: of 2^D sets about 2^(D-1) rows are alive at once.

#include <algorithm>
#include <limits>
#include <memory>

#include "scheduler/partition/solve/states.h"

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kRowsPerSlab = 256;

// Rows of values, handed out and taken back.
class Rows {
 public:
  explicit Rows(int length) : length_((length + 3) / 4 * 4) {}
  double* Take() {
    if (free_.empty()) {
      slabs_.push_back(std::make_unique_for_overwrite<double[]>(size_t{kRowsPerSlab} * length_));
      for (int row = 0; row < kRowsPerSlab; ++row)
        free_.push_back(slabs_.back().get() + size_t(row) * length_);
    }
    double* row = free_.back();
    free_.pop_back();
    return row;
  }
  void Give(double* row) { free_.push_back(row); }

 private:
  size_t length_;
  std::vector<std::unique_ptr<double[]>> slabs_;
  std::vector<double*> free_;
};

// The first stage: with nothing before it.
void FillFirst(const Problem& problem, int cls, double* row, uint16_t* decisions) {
  const DeviceClass& device = problem.classes[cls];
  row[0] = kInfinity;
  for (int end = 1; end <= problem.items; ++end) {
    row[end] = kInfinity;
    decisions[end] = 0;
    for (const Way& way : device.ways) {
      if (way.runs.Fits(0, end)) row[end] = std::min(row[end], way.Cost(0, end));
    }
  }
}

}  // namespace

void Sweep(const Problem& problem, StateTable& table, StageStep& step) {
  const int classes = table.classes();
  Rows rows(problem.items + 1);
  std::vector<double*> live(static_cast<size_t>(table.states()) * classes, nullptr);
  LiveRows before(classes);
  for (int state = 0; state < table.states(); ++state) {
    double** mine = live.data() + static_cast<size_t>(state) * classes;
    std::copy(mine, mine + classes, before.begin());
    for (int cls = 0; cls < classes; ++cls) {
      if (!table.HasRoom(state, cls)) continue;
      const int next = state + table.stride(cls);
      double* row = rows.Take();
      uint16_t* decisions = table.Decisions(next, cls);
      if (state == 0) {
        FillFirst(problem, cls, row, decisions);
      } else {
        step.After(before, next, cls, row, decisions);
      }
      table.Finish(next, cls, row[problem.items]);
      live[static_cast<size_t>(next) * classes + cls] = row;
    }
    for (int cls = 0; cls < classes; ++cls) {
      if (mine[cls]) rows.Give(mine[cls]);
    }
  }
}

}  // namespace motley
