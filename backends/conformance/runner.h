#pragma once
// One case on the device and on the host, and the difference.

#include "backends/backend.h"
#include "backends/conformance/case.h"
#include "kernels/registry.h"

namespace motley::conformance {

enum class Verdict { kPassed, kFailed, kUnsupported };

struct Outcome {
  Verdict verdict = Verdict::kPassed;
  double error = 0;  // as ConformanceResult::worst_error
  std::string reason = {};
};

// `level` is the reference's. Errors of the device itself (lost, out of memory) are errors here
// too; a call that it claims to support and then refuses is a failure.
Result<Outcome> RunCase(const Case& test, double tolerance, Device& device, CpuLevel level);

}  // namespace motley::conformance
