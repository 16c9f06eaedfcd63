#include "scheduler/replan/trial.h"

#include <algorithm>

namespace motley {

TrialVerdict MoveTrial::Step(double rate) {
  if (static_cast<int>(rates_.size()) < kSteps) rates_.push_back(rate);
  if (static_cast<int>(rates_.size()) < kSteps) return TrialVerdict::kOpen;
  // The median: a single step that others disturbed takes nothing back.
  std::nth_element(rates_.begin(), rates_.begin() + kSteps / 2, rates_.end());
  const bool good = rates_[kSteps / 2] >= kAtLeast * old_rate_;
  return good ? TrialVerdict::kKeep : TrialVerdict::kRollBack;
}

}  // namespace motley
