#pragma once
// Which values of the bottleneck table can matter at all. The same problem in blocks of items is
// solved first: its plans are plans, so what they reach bounds every question from above. A value
// beyond the worst of those bounds, or of so few items that the devices left over could not take
// the rest within it, is on no optimal plan. Pure, one thread.

#include <limits>
#include <vector>

#include "scheduler/partition/solve/states.h"

namespace motley {

class UsefulValues {
 public:
  // Everything is useful: for problems that are solved in no time.
  UsefulValues() = default;
  UsefulValues(const Problem& problem, const StateTable& table);

  double most() const { return most_us_; }
  // The least number of items that a state must have placed: 0 where nothing is known.
  int LeastItems(int state) const {
    return least_items_.empty() ? 0 : least_items_[static_cast<size_t>(full_ - state)];
  }

 private:
  double most_us_ = std::numeric_limits<double>::infinity();
  int full_ = 0;
  std::vector<int> least_items_;  // [the devices that are left]
};

}  // namespace motley
