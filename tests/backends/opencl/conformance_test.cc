#include "backends/conformance/conformance.h"

#include "tests/backends/opencl/rig.h"

namespace motley {
namespace {

void ExpectEveryCasePasses(Device& device) {
  const auto report = RunConformance(device, {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  for (const ConformanceResult& result : report->results) {
    EXPECT_EQ(result.failed, 0) << result.op << " " << result.type << ": " << result.reason;
    EXPECT_EQ(result.unsupported, 0) << result.op << " " << result.type << ": " << result.reason;
    EXPECT_GT(result.passed, 0) << result.op << " " << result.type;
  }
}

class ConformanceOnOpenCl : public ClKernels {};

TEST_P(ConformanceOnOpenCl, HasNoFailureAndNothingUnsupported) {
  ExpectEveryCasePasses(*rig->device());
}

TEST_P(ConformanceOnOpenCl, HasNoFailureInFullPrecision) {
  ExpectEveryCasePasses(*Rig(GetParam(), "ref").device());
}

INSTANTIATE_TEST_SUITE_P(Kernels, ConformanceOnOpenCl, testing::Values("item", "group"));

}  // namespace
}  // namespace motley
