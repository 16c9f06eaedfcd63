#pragma once
// The sets of devices both dynamic programs go through, and what they keep of each: the best value
// of all items and how it came about. Owned by one solve; one thread.
//
// A state is a set of devices, numbered in mixed radix by how many of each class it holds. Of a
// state and the class of its last stage a row says, for every end e, where the last stage starts
// and the class before it: two bytes. The values themselves live only while they are needed
// (sweep.cc): all of them would be 0.5 GB for 16 different devices.
// Because sets are exact, one table answers every what-if: without a device, with it, on it alone,
// on all of them.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "scheduler/partition/solve/problem.h"

namespace motley {

struct ClassRun {
  int cls = 0, first = 0, end = 0;  // items [first, end)
};

class StateTable {
 public:
  // Unsupported when the rows would pass 1 GiB (17 or more devices that all differ).
  static Result<StateTable> Make(const Problem& problem);

  int states() const { return states_; }
  int classes() const { return static_cast<int>(strides_.size()); }
  int items() const { return items_; }
  int full() const { return full_; }  // all devices
  // What adding one of the class adds to a state's number: for a group, all of its members.
  int stride(int cls) const { return strides_[cls]; }
  int Count(int state, int cls) const { return state / strides_[cls] % radixes_[cls]; }
  // Whether the last stage of the state can be of the class, and whether one can be added to it.
  bool Holds(int state, int cls) const;
  bool HasRoom(int state, int cls) const;
  int Used(int state) const;  // devices, members of groups each
  long rows() const { return rows_; }

  // How rows become known: for `end` in 0..items, where the last stage starts and the class before.
  uint16_t* Decisions(int state, int cls);
  uint16_t Pack(int start, int before) const {
    return static_cast<uint16_t>(start * classes() + before);
  }
  void Finish(int state, int cls, double value);

  // The best value of all items on exactly this state's devices; infinite where that fits nowhere.
  double Final(int state) const { return finals_[state]; }
  // The stages behind Final(state), which must be finite.
  std::vector<ClassRun> Trace(int state) const;

 private:
  int Row(int state, int cls) const {
    return row_of_[static_cast<size_t>(state) * classes() + cls];
  }
  Status NumberStates(const Problem& problem);

  int items_ = 0, states_ = 1, full_ = 0;
  long rows_ = 0;
  std::vector<int> strides_, radixes_;
  std::vector<std::vector<int>> parts_;  // [cls]: of a group, the classes it is made of
  std::vector<int32_t> row_of_;
  std::vector<uint16_t> decisions_;
  std::vector<double> finals_;
  std::vector<uint8_t> last_;  // [state]: the class of the best last stage
};

// The values of one state by class of its last stage: [cls][end], nullptr where there is none.
using LiveRows = std::vector<const double*>;

// How one more stage is added: the recurrence of one objective.
class StageStep {
 public:
  virtual ~StageStep() = default;
  // row[end] and decisions[end] of `state`, for a last stage of `cls`, from the values of the state
  // without it.
  virtual void After(const LiveRows& before, int state, int cls, double* row,
                     uint16_t* decisions) = 0;
};

// Fill the whole table, set by set. latency: O(states x classes^2 x items),
// cost-model 2(a). bottleneck: the same order, 2(b).
void SolveLatency(const Problem& problem, StateTable& table);
// Of bottleneck, values that no question about the table can be answered by stay infinite: what is
// best with at least or at most so many of a class, and on all devices.
void SolveBottleneck(const Problem& problem, StateTable& table);
class UsefulValues;
void SolveBottleneckWithin(const Problem& problem, StateTable& table, const UsefulValues& useful);
void Sweep(const Problem& problem, StateTable& table, StageStep& step);

}  // namespace motley
