#pragma once
// The first steps after a move: the plan before is kept until the new one has shown itself. Pure
// but for what it remembers; one thread.

#include <vector>

namespace motley {

enum class TrialVerdict {
  kOpen,      // keep the old weights, go on
  kKeep,      // the new plan stays; the old weights may go
  kRollBack,  // it is slower than the old one was
};

class MoveTrial {
 public:
  static constexpr int kSteps = 50;
  static constexpr double kAtLeast = 0.97;  // of the old rate

  // `old_rate`: tokens per second that the plan before was measured at.
  explicit MoveTrial(double old_rate) : old_rate_(old_rate) {}

  // One step of the new plan: tokens per second. A step that failed counts as 0.
  TrialVerdict Step(double rate);

 private:
  const double old_rate_;
  std::vector<double> rates_;
};

}  // namespace motley
