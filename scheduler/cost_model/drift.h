#pragma once
// Says when steps no longer take what they took: a sum of the logarithms of measured over predicted
// beyond a slack of 5 %, in both directions (CUSUM, k = 0.05, h = 0.5). Pure; one thread.

#include <cstdint>
#include <optional>

namespace motley {

class DriftAlarm {
 public:
  // The ratio of one step. Something when the sum passes its bound: the mean ratio since the sum
  // last was 0; it starts over then. One step counts for at most 0.25, so that a single one,
  // however slow, is no drift; the first 50 are spent on learning and count for nothing.
  std::optional<double> Add(double measured_us, double predicted_us);
  uint64_t alarms() const { return alarms_; }

 private:
  struct Sum {
    double excess = 0, logs = 0;
    int steps = 0;
    // Whether it passed the bound; `log` is of the direction it watches.
    bool Add(double log);
  };
  Sum slower_, faster_;
  uint64_t steps_ = 0, alarms_ = 0;
};

}  // namespace motley
