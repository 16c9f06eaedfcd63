#pragma once
// A few of the conformance cases of the ops that are going to be timed. On the device's thread.

#include <functional>
#include <vector>

#include "backends/conformance/case.h"
#include "backends/profiler/sweep.h"
#include "base/clock.h"

namespace motley::profiler {

class SelfTester {
 public:
  // Makes the cases of all that these sweeps name.
  SelfTester(Device& device, const std::vector<SweepEntry>& sweeps, Clock& clock);

  // One case of each op and type of the sweep that the device supports, further ones while
  // `seconds` last and `stop` (may be empty) does not say otherwise; ends at the first wrong one.
  // What an earlier sweep tried is not tried again. Errors of the device itself.
  Status Try(const SweepEntry& sweep, double seconds, const std::function<bool()>& stop);

  const SelfTest& verdict() const { return verdict_; }

 private:
  struct Tried {
    conformance::Suite suite;
    size_t cases = 0;
  };
  Status TryOne(Tried& tried);

  Device& device_;
  Clock& clock_;
  std::vector<Tried> suites_;
  SelfTest verdict_;
};

}  // namespace motley::profiler
