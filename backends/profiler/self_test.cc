#include "backends/profiler/self_test.h"

#include <algorithm>

#include "backends/conformance/runner.h"
#include "kernels/dequantize/dequantize.h"

namespace motley::profiler {
namespace {

using conformance::Outcome;
using conformance::Suite;
using conformance::Verdict;

bool Asks(const SweepEntry& sweep, const Suite& suite) {
  if (std::ranges::find(sweep.ops, suite.op) == sweep.ops.end()) return false;
  return sweep.type.empty() || sweep.type == Traits(suite.type).name;
}

// As RunConformance chooses it.
CpuLevel ReferenceLevel(const Suite& suite, const Device& device) {
  const bool full_precision = device.KvType() == TensorType::kF32;
  return IsQuantized(suite.type) && !full_precision ? CpuLevel::kScalar : CpuLevel::kRef;
}

}  // namespace

SelfTester::SelfTester(Device& device, const std::vector<SweepEntry>& sweeps, Clock& clock)
    : device_(device), clock_(clock) {
  for (auto* make : {conformance::RowSuites, conformance::CacheSuites, conformance::MatrixSuites}) {
    for (Suite& suite : make()) {
      const auto asks = [&](const SweepEntry& sweep) { return Asks(sweep, suite); };
      if (std::ranges::any_of(sweeps, asks)) suites_.push_back({std::move(suite)});
    }
  }
}

// From the middle on, where the shapes are odd.
Status SelfTester::TryOne(Tried& tried) {
  const Suite& suite = tried.suite;
  const auto& one = suite.cases[(suite.cases.size() / 2 + tried.cases) % suite.cases.size()];
  ++tried.cases;
  const Outcome outcome =
      TRY(conformance::RunCase(one, suite.tolerance, device_, ReferenceLevel(suite, device_)));
  verdict_.cases += outcome.verdict == Verdict::kPassed;
  if (outcome.verdict != Verdict::kFailed) return {};
  verdict_.op = suite.op;
  verdict_.type = Traits(suite.type).name;
  verdict_.reason = outcome.reason;
  return {};
}

Status SelfTester::Try(const SweepEntry& sweep, double seconds, const std::function<bool()>& stop) {
  const int64_t start = clock_.NowNs();
  for (bool tried = true; tried && verdict_.ok();) {
    tried = false;
    for (Tried& of : suites_) {
      if (!Asks(sweep, of.suite) || of.cases >= of.suite.cases.size()) continue;
      if (stop && stop()) return {};
      const bool late = SecondsBetween(start, clock_.NowNs()) > seconds;
      if (of.cases > 0 && late) continue;
      TRY(TryOne(of));
      tried = true;
      if (!verdict_.ok()) return {};
    }
  }
  return {};
}

}  // namespace motley::profiler
