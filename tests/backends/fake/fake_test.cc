#include "backends/fake/fake.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "backends/conformance/conformance.h"
#include "base/os.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

// Every test sets what it needs and finds the rest unset.
class FakeBackendTest : public testing::Test {
 protected:
  FakeBackendTest() {
    for (const char* name : {"MOTLEY_FAKE_MACHINE", "MOTLEY_FAKE_FAULT", "MOTLEY_FAKE_SLOWDOWN",
                             "MOTLEY_FAKE_OPS", "MOTLEY_KERNELS"}) {
      unsetenv(name);
    }
    char name[] = "/tmp/motley-fake-XXXXXX";
    folder = mkdtemp(name);
  }
  ~FakeBackendTest() override { std::filesystem::remove_all(folder); }

  void WriteMachine(const std::string& json) {
    std::ofstream(folder + "/box.json") << json;
    setenv("MOTLEY_FAKE_MACHINE", (folder + "/box.json").c_str(), 1);
  }

  std::unique_ptr<Device> Open(const std::string& id) {
    auto device = MakeFakeBackend()->Open(id, {});
    if (device.ok()) return device.ReleaseValue();
    ADD_FAILURE() << device.error().message;
    return nullptr;
  }

  std::string folder;
};

// y = a + a on a device; one launch, and a step when waited for.
struct Doubling {
  explicit Doubling(Device& device)
      : buffer(device.Allocate(256).ReleaseValue()), stream(device.NewStream().ReleaseValue()) {
    const Tensor t{.handle = buffer->handle(), .rows = 1, .cols = 64, .stride = 64};
    call = op::Add<Tensor>{t, t, t};
  }
  Status Step() {
    TRY(stream->Launch(call));
    return stream->Sync();
  }
  std::unique_ptr<Buffer> buffer;
  std::unique_ptr<Stream> stream;
  OpCall call;
};

constexpr const char* kBox = R"({"schema":"motley.machine/1","name":"box","devices":[
  {"id":"nv0","kind":"gpu","name":"Big","memory_bytes":1048576,"usable_bytes":65536,
   "peak":{"bytes_per_s":1e12,"f16_flops":1e14,"int8_ops":2e14,"launch_us":5}},
  {"id":"fpga0","kind":"fpga","name":"Small","memory_bytes":4096,"usable_bytes":4096,
   "peak":{"bytes_per_s":1e10,"f16_flops":1e12,"int8_ops":2e12,"launch_us":5}}],
  "links":[],"default_link":{"latency_us":5,"bytes_per_s":1e10}})";

TEST_F(FakeBackendTest, OneDeviceWithoutAMachineFile) {
  const auto devices = MakeFakeBackend()->Enumerate();
  ASSERT_TRUE(devices.ok()) << devices.error().message;
  ASSERT_EQ(devices->size(), 1u);
  EXPECT_EQ(devices->front().id, "fake0");
  EXPECT_EQ(devices->front().memory_bytes, uint64_t{4} << 30);
}

TEST_F(FakeBackendTest, ListsTheDevicesOfAMachineFile) {
  WriteMachine(kBox);
  const auto devices = MakeFakeBackend()->Enumerate();
  ASSERT_TRUE(devices.ok()) << devices.error().message;
  ASSERT_EQ(devices->size(), 2u);
  EXPECT_EQ((*devices)[0].id, "nv0");
  EXPECT_EQ((*devices)[0].name, "Big");
  EXPECT_EQ((*devices)[0].free_bytes, 65536u);
  EXPECT_EQ((*devices)[1].kind, "fpga");
  EXPECT_EQ((*devices)[1].backend, "fake");
}

TEST_F(FakeBackendTest, NamesTheVariableThatCannotBeRead) {
  const auto message = [](const char* name, const char* value) {
    setenv(name, value, 1);
    const auto device = MakeFakeBackend()->Open("fake0", {});
    unsetenv(name);
    return device.ok() ? "opened" : device.error().field;
  };
  EXPECT_EQ(message("MOTLEY_FAKE_FAULT", "explode@step 3"), "MOTLEY_FAKE_FAULT");
  EXPECT_EQ(message("MOTLEY_FAKE_FAULT", "lose@step 0"), "MOTLEY_FAKE_FAULT");
  EXPECT_EQ(message("MOTLEY_FAKE_SLOWDOWN", "0.5"), "MOTLEY_FAKE_SLOWDOWN");
  EXPECT_EQ(message("MOTLEY_FAKE_SLOWDOWN", "nan"), "MOTLEY_FAKE_SLOWDOWN");
  EXPECT_EQ(message("MOTLEY_FAKE_OPS", "mul_mat,sing"), "MOTLEY_FAKE_OPS");
  EXPECT_EQ(message("MOTLEY_KERNELS", "fast"), "MOTLEY_KERNELS");
  WriteMachine("{");
  EXPECT_EQ(message("MOTLEY_FAKE_OPS", ""), "MOTLEY_FAKE_MACHINE");
}

TEST_F(FakeBackendTest, ComputesWhatTheScalarKernelsCompute) {
  const auto report = RunConformance(*Open("fake0"), {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_FALSE(report->results.empty());
  for (const ConformanceResult& result : report->results) {
    EXPECT_EQ(result.failed + result.unsupported, 0)
        << result.op << " " << result.type << ": " << result.reason;
  }
}

TEST_F(FakeBackendTest, HoldsNoMoreThanItsMemoryAndGetsItBack) {
  WriteMachine(kBox);
  auto device = Open("fpga0");
  auto most = device->Allocate(4000);
  ASSERT_TRUE(most.ok()) << most.error().message;
  const auto more = device->Allocate(97);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, Code::kOutOfMemory);
  EXPECT_EQ(more.error().message, "needs 97 B, 96 B of 4.0 KiB free on fpga0");
  most->reset();
  EXPECT_EQ(device->ReadTelemetry()->free_bytes, 4096u);
  const auto weight = device->LoadWeight({"w", TensorType::kF32, 64, 64},
                                         [](int64_t, int64_t, MutableBytes) { return Status(); });
  EXPECT_EQ(weight.error().code, Code::kOutOfMemory);
}

TEST_F(FakeBackendTest, IsLostFromTheNamedStepOn) {
  setenv("MOTLEY_FAKE_FAULT", "lose@step 3", 1);
  auto device = Open("fake0");
  Doubling work(*device);
  EXPECT_TRUE(work.Step().ok());
  EXPECT_TRUE(work.stream->Sync().ok()) << "a wait without a launch is no step";
  EXPECT_TRUE(work.stream->Launch(work.call).ok());
  EXPECT_TRUE(work.Step().ok()) << "two launches, one step";
  EXPECT_EQ(work.Step().error().code, Code::kDeviceLost);
  EXPECT_EQ(work.stream->Sync().error().code, Code::kDeviceLost);
  EXPECT_EQ(device->Allocate(1).error().code, Code::kDeviceLost);
  EXPECT_EQ(device->ReadTelemetry().error().code, Code::kDeviceLost);
}

TEST_F(FakeBackendTest, AFaultForAnotherDeviceDoesNothing) {
  WriteMachine(kBox);
  setenv("MOTLEY_FAKE_FAULT", "nv0:lose@step 1, nv0:oom@alloc 3", 1);
  auto spared = Open("fpga0");
  EXPECT_TRUE(Doubling(*spared).Step().ok());
  auto hit = Open("nv0");
  EXPECT_EQ(Doubling(*hit).Step().error().code, Code::kDeviceLost);
}

TEST_F(FakeBackendTest, RefusesTheNamedAllocationAlone) {
  setenv("MOTLEY_FAKE_FAULT", "oom@alloc 2", 1);
  auto device = Open("fake0");
  EXPECT_TRUE(device->Allocate(1).ok());
  EXPECT_EQ(device->Allocate(1).error().code, Code::kOutOfMemory);
  EXPECT_TRUE(device->Allocate(1).ok());
}

TEST_F(FakeBackendTest, NegatesTheProductsOfTheNamedStep) {
  setenv("MOTLEY_FAKE_FAULT", "wrong@step 2", 1);
  auto device = Open("fake0");
  auto stream = device->NewStream().ReleaseValue();
  const auto file = RandomWeights(TensorType::kF32, 8, 16, 1);
  const Weight weight = device
                            ->LoadWeight({"w", TensorType::kF32, 8, 16},
                                         [&](int64_t first, int64_t count, MutableBytes out) {
                                           std::memcpy(out.data(), file.data() + first * 64,
                                                       static_cast<size_t>(count * 64));
                                           return Status();
                                         })
                            .ReleaseValue();
  const auto x = device->Allocate(64).ReleaseValue(), y = device->Allocate(32).ReleaseValue();
  const auto values = RandomValues(16, 2);
  ASSERT_TRUE(stream->CopyIn(std::as_bytes(std::span(values)), *x, 0).ok());
  op::MulMat<Tensor> call{.x = {.handle = x->handle(), .rows = 1, .cols = 16, .stride = 16}};
  call.products[0].weight = weight.tensor;
  call.products[0].y = {.handle = y->handle(), .rows = 1, .cols = 8, .stride = 8};
  std::vector<std::vector<float>> results(3, std::vector<float>(8));
  for (auto& result : results) {
    ASSERT_TRUE(stream->Launch(call).ok());
    ASSERT_TRUE(stream->CopyOut(*y, 0, std::as_writable_bytes(std::span(result))).ok());
  }
  EXPECT_EQ(results[0], results[2]);
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(results[1][i], -results[0][i]);
}

TEST_F(FakeBackendTest, SupportsOnlyTheNamedOps) {
  setenv("MOTLEY_FAKE_OPS", "mul_mat, rope", 1);
  auto device = Open("fake0");
  Doubling work(*device);
  EXPECT_EQ(device->Supports(work.call).error().code, Code::kUnsupported);
  EXPECT_EQ(work.Step().error().code, Code::kUnsupported);
  setenv("MOTLEY_FAKE_OPS", "add", 1);
  EXPECT_TRUE(Doubling(*Open("fake0")).Step().ok());
}

TEST_F(FakeBackendTest, APlaceDrawnBySeedIsTheSameEveryTime) {
  const auto steps_until_lost = [&](const char* fault) {
    setenv("MOTLEY_FAKE_FAULT", fault, 1);
    auto device = Open("fake0");
    Doubling work(*device);
    int steps = 0;
    while (steps < 100 && work.Step().ok()) ++steps;
    return steps;
  };
  const int first = steps_until_lost("lose@step 3..40#7");
  EXPECT_GE(first, 2);
  EXPECT_LT(first, 40);
  EXPECT_EQ(steps_until_lost("lose@step 3..40#7"), first);
}

// Runs this program's own test `name` with a fault in the environment.
Result<Child> Start(const std::string& name, const std::string& fault) {
  SpawnOptions options;
  options.arguments = {std::filesystem::read_symlink("/proc/self/exe").string(),
                       "--gtest_filter=FakeProcess." + name};
  options.environment["MOTLEY_FAKE_CHILD_FAULT"] = fault;
  options.quiet = true;
  return Spawn(options);
}

// In the child: one step under the fault, then exit status 0.
void StepIfChild() {
  const char* fault = std::getenv("MOTLEY_FAKE_CHILD_FAULT");
  if (!fault) return;
  setenv("MOTLEY_FAKE_FAULT", fault, 1);
  auto device = MakeFakeBackend()->Open("fake0", {}).ReleaseValue();
  std::exit(Doubling(*device).Step().ok() ? 0 : 1);
}

TEST(FakeProcess, AbortsAtTheNamedStep) {
  StepIfChild();
  auto child = Start("AbortsAtTheNamedStep", "abort@step 1").ReleaseValue();
  const auto status = child.Wait(30000);
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(WIFSIGNALED(*status) && WTERMSIG(*status) == SIGABRT) << DescribeWaitStatus(*status);
}

TEST(FakeProcess, HangsAtTheNamedStepUntilKilled) {
  StepIfChild();
  auto free = Start("HangsAtTheNamedStepUntilKilled", "hang@step 2").ReleaseValue();
  const auto ended = free.Wait(30000);
  ASSERT_TRUE(ended.ok()) << "only the second step hangs";
  EXPECT_EQ(*ended, 0);
  auto hung = Start("HangsAtTheNamedStepUntilKilled", "hang@step 1").ReleaseValue();
  EXPECT_EQ(hung.Wait(500).error().code, Code::kCancelled);
  hung.Signal(SIGKILL);
  EXPECT_TRUE(hung.Wait(30000).ok());
}

TEST(FakePlugin, HasTheEntryOfThisAbi) {
  auto backend = LoadBackend(MOTLEY_FAKE_PLUGIN);
  ASSERT_TRUE(backend.ok()) << backend.error().message;
  EXPECT_EQ((*backend)->name(), "fake");
}

}  // namespace
}  // namespace motley
