#include "scheduler/partition/solve/states.h"

#include <algorithm>
#include <limits>

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kLimitBytes = size_t{1} << 30;

struct Step {
  double value = kInfinity;
  int cls = 0, end = 0;  // of the stage before; end 0: there is none
};

// The best way to have the last stage of class `last` end at `end`, over all stages before it.
Step BestStep(const Problem& problem, const StateTable& table, int state, int last, int end) {
  const DeviceClass& device = problem.classes[last];
  const int before = state - table.stride(last);
  Step best;
  for (int first = 0; first < end; ++first) {
    if (!device.runs.Fits(first, end)) continue;
    const double compute = device.prefix[end] - device.prefix[first];
    if (before == 0) {
      if (first == 0) return {compute, last, 0};
      continue;
    }
    for (int cls = 0; cls < static_cast<int>(problem.classes.size()); ++cls) {
      const double* row = table.Row(before, cls);
      if (!row) continue;
      const double value =
          AddStage(problem.kind, row[first], problem.Boundary(cls, last) + compute);
      if (value < best.value) best = {value, cls, first};
    }
  }
  return best;
}

}  // namespace

Result<StateTable> StateTable::Make(const Problem& problem) {
  StateTable table;
  table.items_ = problem.items;
  table.row_stride_ = (problem.items + 1 + 3) / 4 * 4;
  size_t states = 1;
  const size_t row_bytes = table.row_stride_ * sizeof(double);
  for (const DeviceClass& device : problem.classes) {
    table.strides_.push_back(static_cast<int>(states));
    table.radixes_.push_back(static_cast<int>(device.members.size()) + 1);
    states *= device.members.size() + 1;
    if (states * row_bytes > kLimitBytes) {
      return Error::Unsupported("the machine has too many different devices to plan exactly: " +
                                std::to_string(problem.classes.size()) + " kinds")
          .Fix("leave the slowest out with --devices");
    }
  }
  table.states_ = static_cast<int>(states);
  const int classes = static_cast<int>(problem.classes.size());
  table.row_of_.assign(states * classes, -1);
  int32_t rows = 0;
  for (int state = 1; state < table.states_; ++state) {
    for (int cls = 0; cls < classes; ++cls) {
      if (table.Count(state, cls) > 0) table.row_of_[state * size_t(classes) + cls] = rows++;
    }
  }
  if (rows * row_bytes > kLimitBytes) {
    return Error::Unsupported("the machine has too many different devices to plan exactly: " +
                              std::to_string(classes) + " kinds")
        .Fix("leave the slowest out with --devices");
  }
  table.rows_ = rows;
  table.values_ = std::make_unique_for_overwrite<double[]>(rows * table.row_stride_);
  return table;
}

int StateTable::Used(int state) const {
  int used = 0;
  for (size_t cls = 0; cls < radixes_.size(); ++cls) used += Count(state, static_cast<int>(cls));
  return used;
}

double StateTable::Final(int state) const {
  double best = kInfinity;
  for (size_t cls = 0; cls < radixes_.size(); ++cls) {
    if (const double* row = Row(state, static_cast<int>(cls))) best = std::min(best, row[items_]);
  }
  return best;
}

std::vector<ClassRun> Trace(const Problem& problem, const StateTable& table, int state) {
  int last = 0;
  double best = kInfinity;
  for (int cls = 0; cls < static_cast<int>(problem.classes.size()); ++cls) {
    const double* row = table.Row(state, cls);
    if (row && row[problem.items] < best) {
      best = row[problem.items];
      last = cls;
    }
  }
  std::vector<ClassRun> runs;
  int end = problem.items;
  while (state != 0) {
    const Step step = BestStep(problem, table, state, last, end);
    runs.push_back({last, step.end, end});
    state -= table.stride(last);
    last = step.cls;
    end = step.end;
  }
  std::reverse(runs.begin(), runs.end());
  return runs;
}

}  // namespace motley
