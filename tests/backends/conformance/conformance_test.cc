#include "backends/conformance/conformance.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "kernels/registry.h"

namespace motley {
namespace {

std::unique_ptr<Device> OpenCpu(const char* level, int threads = 2) {
  setenv("MOTLEY_KERNELS", level, 1);
  auto backend = LoadBackend("cpu");
  EXPECT_TRUE(backend.ok());
  auto device = backend.value()->Open("cpu0", {.threads = threads});
  unsetenv("MOTLEY_KERNELS");
  EXPECT_TRUE(device.ok()) << device.error().message;
  return device.ReleaseValue();
}

void ExpectAllPassed(const ConformanceReport& report) {
  for (const ConformanceResult& r : report.results) {
    EXPECT_EQ(r.failed, 0) << r.op << " " << r.type << ": " << r.reason;
    EXPECT_GT(r.passed, 0) << r.op << " " << r.type << ": " << r.reason;
  }
}

class CpuConformance : public testing::TestWithParam<CpuLevel> {};

TEST_P(CpuConformance, PassesEveryOpWithEveryType) {
  if (!CpuHasLevel(GetParam())) GTEST_SKIP() << "this CPU has no " << CpuLevelName(GetParam());
  auto device = OpenCpu(CpuLevelName(GetParam()));
  const auto report = RunConformance(*device, {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->results.size(), 2u * 11 + 4 + 2 * 2);
  ExpectAllPassed(*report);
}

INSTANTIATE_TEST_SUITE_P(Levels, CpuConformance,
                         testing::Values(CpuLevel::kRef, CpuLevel::kScalar, CpuLevel::kAvx2,
                                         CpuLevel::kAvx512, CpuLevel::kVnni),
                         [](const auto& level) { return std::string(CpuLevelName(level.param)); });

TEST(OpenClConformance, PassesWhatTheFirstDeviceSupports) {
  const auto backend = LoadBackend("opencl");
  if (!backend.ok()) GTEST_SKIP() << backend.error().message;
  const auto devices = backend.value()->Enumerate();
  ASSERT_TRUE(devices.ok()) << devices.error().message;
  if (devices->empty()) GTEST_SKIP() << "no OpenCL device";
  auto device = backend.value()->Open(devices.value()[0].id, {});
  ASSERT_TRUE(device.ok()) << device.error().message;
  const auto report = RunConformance(*device.value(), {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->Failed(), 0) << ConformanceJson(*report);
}

// A device that is right in all but one thing.
class Faulty : public Device, public Stream {
 public:
  enum class Fault { kNone, kWrongValue, kStrayWrite, kUnwritten, kNoSupport, kLost };
  Faulty(std::unique_ptr<Device> inner, Fault fault) : inner_(std::move(inner)), fault_(fault) {
    stream_ = inner_->NewStream().ReleaseValue();
  }
  const DeviceInfo& info() const override { return inner_->info(); }
  Result<Telemetry> ReadTelemetry() override { return inner_->ReadTelemetry(); }
  Result<std::unique_ptr<Buffer>> Allocate(uint64_t bytes) override {
    return inner_->Allocate(bytes);
  }
  Result<Weight> LoadWeight(const WeightSpec& spec, const RowReader& read) override {
    return inner_->LoadWeight(spec, read);
  }
  Result<std::unique_ptr<Stream>> NewStream() override {
    struct Forward : Stream {
      explicit Forward(Faulty& to) : to_(to) {}
      Status CopyIn(Bytes from, Buffer& to, uint64_t offset) override {
        return to_.CopyIn(from, to, offset);
      }
      Status CopyOut(Buffer& from, uint64_t offset, MutableBytes to) override {
        return to_.CopyOut(from, offset, to);
      }
      Status Launch(const OpCall& call) override { return to_.Launch(call); }
      Status Sync() override { return to_.Sync(); }
      Faulty& to_;
    };
    return std::unique_ptr<Stream>(std::make_unique<Forward>(*this));
  }
  Status Supports(const OpCall& call) const override {
    if (fault_ == Fault::kNoSupport) return Error::Unsupported("not on Mondays");
    return inner_->Supports(call);
  }
  TensorType KvType() const override { return inner_->KvType(); }

  Status CopyIn(Bytes from, Buffer& to, uint64_t offset) override {
    return stream_->CopyIn(from, to, offset);
  }
  Status CopyOut(Buffer& from, uint64_t offset, MutableBytes to) override {
    return stream_->CopyOut(from, offset, to);
  }
  Status Launch(const OpCall& call) override {
    if (fault_ == Fault::kLost) return Error::DeviceLost("unplugged");
    if (fault_ == Fault::kUnwritten) return {};
    const Status status = stream_->Launch(call);
    const Tensor y = std::get<op::Add<Tensor>>(call).y;
    auto* values = reinterpret_cast<float*>(static_cast<std::byte*>(y.handle) + y.offset);
    if (fault_ == Fault::kWrongValue) values[1] *= 1.001f;
    if (fault_ == Fault::kStrayWrite) values[y.cols] = 0;
    return status;
  }
  Status Sync() override { return {}; }

 private:
  std::unique_ptr<Device> inner_;
  std::unique_ptr<Stream> stream_;
  Fault fault_;
};

ConformanceResult AddOn(Faulty::Fault fault) {
  Faulty device(OpenCpu("scalar", 1), fault);
  const auto report = RunConformance(device, {.op = "add"});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report->results.size(), 1u);
  return report->results.at(0);
}

TEST(Conformance, FindsAWrongValueAStrayWriteAndAMissingOne) {
  EXPECT_EQ(AddOn(Faulty::Fault::kNone).failed, 0);
  const auto wrong = AddOn(Faulty::Fault::kWrongValue);
  EXPECT_EQ(wrong.passed, 0);
  EXPECT_NE(wrong.reason.find("value [0][1]"), std::string::npos) << wrong.reason;
  const auto stray = AddOn(Faulty::Fault::kStrayWrite);
  EXPECT_EQ(stray.passed, 0);
  EXPECT_NE(stray.reason.find("outside"), std::string::npos) << stray.reason;
  EXPECT_GT(AddOn(Faulty::Fault::kUnwritten).failed, 0);
}

TEST(Conformance, ReportsWhatIsUnsupportedWithItsReason) {
  const auto result = AddOn(Faulty::Fault::kNoSupport);
  EXPECT_EQ(result.passed + result.failed, 0);
  EXPECT_GT(result.unsupported, 0);
  EXPECT_EQ(result.reason, "not on Mondays");
}

TEST(Conformance, EndsWhenTheDeviceIsLost) {
  Faulty device(OpenCpu("scalar", 1), Faulty::Fault::kLost);
  const auto report = RunConformance(device, {.op = "add"});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::kDeviceLost);
}

TEST(Conformance, FiltersByOpAndTypeInAnyCaseAndRefusesUnknownOnes) {
  auto device = OpenCpu("scalar", 1);
  const auto report = RunConformance(*device, {.op = "get_rows", .type = "q4_k"});
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->results.size(), 1u);
  EXPECT_EQ(report->results[0].type, "Q4_K");
  EXPECT_EQ(RunConformance(*device, {.op = "sort"}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(RunConformance(*device, {.type = "Q3_X"}).error().code, Code::kInvalidArgument);
}

TEST(ConformanceJson, HasTheFieldsThatScriptsRead) {
  const ConformanceReport report{"cpu0", {{"add", "F32", 3, 1, 2, 0.5, 0.25, "because"}}};
  const auto json = nlohmann::json::parse(ConformanceJson(report));
  EXPECT_EQ(json["device"], "cpu0");
  const auto& result = json["results"][0];
  EXPECT_EQ(result["passed"], 3);
  EXPECT_EQ(result["failed"], 1);
  EXPECT_EQ(result["unsupported"], 2);
  EXPECT_EQ(result["worst_error"], 0.5);
  EXPECT_EQ(result["reason"], "because");
}

}  // namespace
}  // namespace motley
