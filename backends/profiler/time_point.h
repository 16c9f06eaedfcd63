#pragma once
// The time of one point: warm-up, samples, and whether they can be believed. On the device's
// thread.

#include <functional>

#include "backends/profiler/sweep.h"
#include "base/clock.h"

namespace motley::profiler {

struct Patience {
  double sample_s = 0.25;  // of samples, for one attempt
  double retry_s = 0;      // further attempts may take so long together
  int attempts = 3;
  std::function<bool()> stop;  // may be empty
};

// The point with its time. Of several attempts the first undisturbed one, else the fastest: others
// only ever add time. Cancelled if stopped before there was one sample; errors of the device.
Result<OpPoint> TimePoint(Sweep& sweep, size_t index, const Patience& patience, Clock& clock);

}  // namespace motley::profiler
