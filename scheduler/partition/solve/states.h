#pragma once
// The table both dynamic programs fill, and how a plan is read out of it. Owned by one solve; one
// thread.
//
// A state is a set of devices, numbered in mixed radix by how many of each class it holds.
// value(state, c, e) is the best value of items [0, e) on exactly those devices, each with at least
// one item, the last of them of class c; infinite where that fits nowhere. Removing a device gives
// a smaller number, so counting up visits states in an order in which everything needed is there.
// Because sets are exact, one table answers every what-if: without a device, with it, on it alone,
// on all of them.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "scheduler/partition/solve/problem.h"

namespace motley {

class StateTable {
 public:
  // Unsupported when the table would pass 1 GiB (more than 16 devices that all differ).
  static Result<StateTable> Make(const Problem& problem);

  int states() const { return states_; }
  int full() const { return states_ - 1; }  // all devices
  int stride(int cls) const { return strides_[cls]; }
  int Count(int state, int cls) const { return state / strides_[cls] % radixes_[cls]; }
  int Used(int state) const;
  long rows() const { return rows_; }
  int row_length() const { return items_ + 1; }
  // value(state, cls, 0..items); nullptr when the state holds none of the class.
  double* Row(int state, int cls) { return At(state, cls); }
  const double* Row(int state, int cls) const { return At(state, cls); }
  // The best value of all items on exactly this state's devices.
  double Final(int state) const;

 private:
  double* At(int state, int cls) const {
    const int32_t row = row_of_[static_cast<size_t>(state) * radixes_.size() + cls];
    return row < 0 ? nullptr : values_.get() + static_cast<size_t>(row) * row_stride_;
  }
  int items_ = 0, states_ = 1;
  size_t row_stride_ = 0;
  long rows_ = 0;
  std::vector<int> strides_, radixes_;
  std::vector<int32_t> row_of_;
  std::unique_ptr<double[]> values_;
};

// Fill the whole table. latency: O(states x classes^2 x items), cost-model 2(a). bottleneck: the
// same order, 2(b).
void SolveLatency(const Problem& problem, StateTable& table);
void SolveBottleneck(const Problem& problem, StateTable& table);

struct ClassRun {
  int cls = 0, first = 0, end = 0;  // items [first, end)
};
// The stages behind Final(state), which must be finite.
std::vector<ClassRun> Trace(const Problem& problem, const StateTable& table, int state);

}  // namespace motley
