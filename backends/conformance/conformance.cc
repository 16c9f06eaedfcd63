#include "backends/conformance/conformance.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "backends/conformance/runner.h"
#include "kernels/dequantize/dequantize.h"

namespace motley {
namespace {

using conformance::Outcome;
using conformance::Suite;
using conformance::Verdict;

std::vector<Suite> AllSuites() {
  std::vector<Suite> suites = conformance::MatrixSuites();
  for (auto* more : {conformance::RowSuites, conformance::CacheSuites}) {
    std::ranges::move(more(), std::back_inserter(suites));
  }
  return suites;
}

bool Names(const ConformanceFilter& filter, const Suite& suite) {
  if (!filter.op.empty() && filter.op != suite.op) return false;
  return filter.type.empty() || TypeFromName(filter.type) == suite.type;
}

void AddName(std::string& names, std::string_view name) {
  if ((", " + names + ",").find(", " + std::string(name) + ",") != std::string::npos) return;
  names += (names.empty() ? "" : ", ") + std::string(name);
}

Error NoCheck(const ConformanceFilter& filter) {
  std::string ops, types;
  for (const Suite& suite : AllSuites()) {
    AddName(ops, suite.op);
    if (filter.op.empty() || filter.op == suite.op) AddName(types, Traits(suite.type).name);
  }
  if (types.empty()) {
    return Error::Invalid("op", "there is no op \"" + filter.op + "\"; known: " + ops);
  }
  const std::string of = filter.op.empty() ? "" : " of " + filter.op;
  return Error::Invalid("type",
                        "there is no type \"" + filter.type + "\"" + of + "; known: " + types);
}

CpuLevel ReferenceLevel(const Suite& suite, const Device& device) {
  const bool full_precision = device.KvType() == TensorType::kF32;
  return IsQuantized(suite.type) && !full_precision ? CpuLevel::kScalar : CpuLevel::kRef;
}

Result<ConformanceResult> RunSuite(const Suite& suite, Device& device) {
  ConformanceResult result{.op = std::string(suite.op),
                           .type = std::string(Traits(suite.type).name),
                           .tolerance = suite.tolerance};
  const CpuLevel level = ReferenceLevel(suite, device);
  for (const auto& test : suite.cases) {
    const Outcome outcome = TRY(conformance::RunCase(test, suite.tolerance, device, level));
    result.worst_error = std::max(result.worst_error, outcome.error);
    const bool first_failure = outcome.verdict == Verdict::kFailed && result.failed == 0;
    if (first_failure || result.reason.empty()) result.reason = outcome.reason;
    result.passed += outcome.verdict == Verdict::kPassed;
    result.failed += outcome.verdict == Verdict::kFailed;
    result.unsupported += outcome.verdict == Verdict::kUnsupported;
  }
  return result;
}

}  // namespace

int ConformanceReport::Failed() const {
  int failed = 0;
  for (const ConformanceResult& result : results) failed += result.failed;
  return failed;
}

Result<ConformanceReport> RunConformance(Device& device, const ConformanceFilter& filter) {
  ConformanceReport report{device.info().id, {}};
  for (const Suite& suite : AllSuites()) {
    if (Names(filter, suite)) report.results.push_back(TRY(RunSuite(suite, device)));
  }
  if (report.results.empty()) return NoCheck(filter);
  return report;
}

std::string ConformanceJson(const ConformanceReport& report) {
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (const ConformanceResult& r : report.results) {
    results.push_back({{"op", r.op},
                       {"type", r.type},
                       {"passed", r.passed},
                       {"failed", r.failed},
                       {"unsupported", r.unsupported},
                       {"worst_error", r.worst_error},
                       {"tolerance", r.tolerance},
                       {"reason", r.reason}});
  }
  const nlohmann::ordered_json out = {{"device", report.device}, {"results", results}};
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace motley
