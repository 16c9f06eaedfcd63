#pragma once
// A few of the conformance cases of the ops that are going to be timed. On the device's thread.

#include <string>
#include <vector>

#include "backends/profiler/sweep.h"
#include "base/clock.h"

namespace motley::profiler {

// At least one case of each op and type that the sweeps name and the device supports, more while
// `seconds` last; stops at the first wrong one. Errors of the device itself.
Result<SelfTest> RunSelfTest(Device& device, const std::vector<SweepEntry>& sweeps, double seconds,
                             Clock& clock);

}  // namespace motley::profiler
