#include "scheduler/partition/solve/states.h"

#include <algorithm>
#include <limits>

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kLimitBytes = size_t{1} << 30;

Error TooMany(const Problem& problem) {
  size_t kinds = 0;
  for (const DeviceClass& device : problem.classes) kinds += device.parts.empty() ? 1 : 0;
  return Error::Unsupported("the machine has too many different devices to plan exactly: " +
                            std::to_string(kinds) + " kinds")
      .Fix("leave the slowest out with --devices");
}

}  // namespace

Status StateTable::NumberStates(const Problem& problem) {
  size_t states = 1;
  const size_t per_state = problem.classes.size() * sizeof(int32_t) + sizeof(double);
  for (const DeviceClass& device : problem.classes) {
    parts_.push_back(device.parts);
    if (!device.parts.empty()) {
      int stride = 0;
      for (const int part : device.parts) stride += strides_[part] * (radixes_[part] - 1);
      strides_.push_back(stride);
      radixes_.push_back(0);
      continue;
    }
    strides_.push_back(static_cast<int>(states));
    radixes_.push_back(static_cast<int>(device.members.size()) + 1);
    states *= device.members.size() + 1;
    if (states * per_state > kLimitBytes) return TooMany(problem);
  }
  states_ = static_cast<int>(states);
  full_ = states_ - 1;
  return {};
}

Result<StateTable> StateTable::Make(const Problem& problem) {
  StateTable table;
  table.items_ = problem.items;
  TRY(table.NumberStates(problem));
  const int classes = table.classes();
  if (static_cast<size_t>(problem.items + 1) * classes > UINT16_MAX || classes > UINT8_MAX) {
    return TooMany(problem);
  }
  table.row_of_.assign(static_cast<size_t>(table.states_) * classes, -1);
  size_t rows = 0;
  const size_t row_bytes = (problem.items + 1) * sizeof(uint16_t);
  for (int state = 1; state < table.states_; ++state) {
    for (int cls = 0; cls < classes; ++cls) {
      if (!table.Holds(state, cls)) continue;
      table.row_of_[static_cast<size_t>(state) * classes + cls] = static_cast<int32_t>(rows++);
    }
    if (rows * row_bytes > kLimitBytes) return TooMany(problem);
  }
  table.rows_ = static_cast<long>(rows);
  table.decisions_.resize(rows * (problem.items + 1));
  table.finals_.assign(table.states_, kInfinity);
  table.last_.assign(table.states_, 0);
  return table;
}

bool StateTable::Holds(int state, int cls) const {
  if (parts_[cls].empty()) return Count(state, cls) > 0;
  return std::all_of(parts_[cls].begin(), parts_[cls].end(),
                     [&](int part) { return Count(state, part) == radixes_[part] - 1; });
}

bool StateTable::HasRoom(int state, int cls) const {
  if (parts_[cls].empty()) return Count(state, cls) < radixes_[cls] - 1;
  return std::all_of(parts_[cls].begin(), parts_[cls].end(),
                     [&](int part) { return Count(state, part) == 0; });
}

int StateTable::Used(int state) const {
  int used = 0;
  for (int cls = 0; cls < classes(); ++cls) used += parts_[cls].empty() ? Count(state, cls) : 0;
  return used;
}

uint16_t* StateTable::Decisions(int state, int cls) {
  return decisions_.data() + static_cast<size_t>(Row(state, cls)) * (items_ + 1);
}

void StateTable::Finish(int state, int cls, double value) {
  if (!(value < finals_[state])) return;
  finals_[state] = value;
  last_[state] = static_cast<uint8_t>(cls);
}

std::vector<ClassRun> StateTable::Trace(int state) const {
  std::vector<ClassRun> runs;
  int last = last_[state], end = items_;
  while (state != 0) {
    const uint16_t decision =
        decisions_[static_cast<size_t>(Row(state, last)) * (items_ + 1) + end];
    const int start = decision / classes();
    runs.push_back({last, start, end});
    state -= strides_[last];
    last = decision % classes();
    end = start;
  }
  std::reverse(runs.begin(), runs.end());
  return runs;
}

}  // namespace motley
