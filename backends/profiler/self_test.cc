#include "backends/profiler/self_test.h"

#include <algorithm>
#include <iterator>

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

std::vector<Suite> SuitesOf(const std::vector<SweepEntry>& sweeps) {
  std::vector<Suite> all;
  for (auto* make : {conformance::RowSuites, conformance::CacheSuites, conformance::MatrixSuites}) {
    std::ranges::move(make(), std::back_inserter(all));
  }
  std::erase_if(all, [&](const Suite& suite) {
    return std::ranges::none_of(sweeps, [&](const auto& sweep) { return Asks(sweep, suite); });
  });
  return all;
}

// As RunConformance chooses it.
CpuLevel ReferenceLevel(const Suite& suite, const Device& device) {
  const bool full_precision = device.KvType() == TensorType::kF32;
  return IsQuantized(suite.type) && !full_precision ? CpuLevel::kScalar : CpuLevel::kRef;
}

}  // namespace

Result<SelfTest> RunSelfTest(Device& device, const std::vector<SweepEntry>& sweeps, double seconds,
                             Clock& clock) {
  const int64_t start = clock.NowNs();
  const std::vector<Suite> suites = SuitesOf(sweeps);
  SelfTest test;
  size_t longest = 0;
  for (const Suite& suite : suites) longest = std::max(longest, suite.cases.size());
  // One of each op first, from the middle, where the shapes are odd; then further ones.
  for (size_t round = 0; round < longest; ++round) {
    for (const Suite& suite : suites) {
      if (round >= suite.cases.size()) continue;
      if (round > 0 && SecondsBetween(start, clock.NowNs()) > seconds) return test;
      const auto& one = suite.cases[(suite.cases.size() / 2 + round) % suite.cases.size()];
      const Outcome outcome =
          TRY(conformance::RunCase(one, suite.tolerance, device, ReferenceLevel(suite, device)));
      if (outcome.verdict == Verdict::kFailed) {
        test.op = suite.op;
        test.type = Traits(suite.type).name;
        test.reason = outcome.reason;
        return test;
      }
      test.cases += outcome.verdict == Verdict::kPassed;
    }
  }
  return test;
}

}  // namespace motley::profiler
