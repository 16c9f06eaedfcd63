#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "backends/backend.h"
#include "kernels/dequantize/half.h"

namespace motley {
namespace {

class CpuDeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("MOTLEY_KERNELS");
    auto backend = LoadBackend("cpu");
    ASSERT_TRUE(backend.ok()) << backend.error().message;
    backend_ = backend.ReleaseValue();
  }
  void TearDown() override { unsetenv("MOTLEY_KERNELS"); }

  std::unique_ptr<Device> Open(const char* level = "scalar") {
    setenv("MOTLEY_KERNELS", level, 1);
    auto device = backend_->Open("cpu0", {.threads = 1});
    EXPECT_TRUE(device.ok()) << device.error().message;
    return device.ReleaseValue();
  }

  std::unique_ptr<Backend> backend_;
};

TEST_F(CpuDeviceTest, IsFoundAndSaysWhatItIs) {
  const auto devices = backend_->Enumerate();
  ASSERT_TRUE(devices.ok());
  ASSERT_FALSE(devices->empty());
  const DeviceInfo& info = devices.value()[0];
  EXPECT_EQ(info.id, "cpu0");
  EXPECT_EQ(info.state, "ready");
  EXPECT_GT(info.memory_bytes, 0u);
  EXPECT_LE(info.free_bytes, info.memory_bytes);
  EXPECT_GT(info.compute_units, 0);
  EXPECT_FALSE(info.uuid.empty());
  EXPECT_EQ(info.kernels.find("unknown"), std::string::npos) << "the plug-in has a build id";
}

TEST_F(CpuDeviceTest, TakesItsLevelFromTheEnvironmentAtOpen) {
  EXPECT_EQ(Open("ref")->KvType(), TensorType::kF32);
  EXPECT_EQ(Open("scalar")->KvType(), TensorType::kF16);
  EXPECT_EQ(Open("scalar")->info().kernels.substr(0, 7), "scalar-");
  setenv("MOTLEY_KERNELS", "sse9", 1);
  const auto device = backend_->Open("cpu0", {});
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.error().code, Code::kInvalidArgument);
  EXPECT_NE(device.error().message.find("ref, scalar, avx2"), std::string::npos);
  const auto devices = backend_->Enumerate();
  ASSERT_TRUE(devices.ok());
  EXPECT_EQ(devices.value()[0].state, "failed");
}

TEST_F(CpuDeviceTest, ThatDoesNotExistIsNotFound) {
  const auto device = backend_->Open("cpu99", {});
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.error().code, Code::kNotFound);
}

TEST_F(CpuDeviceTest, AllocatesZerosAndRefusesMoreThanTheMachineHas) {
  auto device = Open();
  const auto buffer = device->Allocate(10'000);
  ASSERT_TRUE(buffer.ok());
  std::vector<std::byte> bytes(10'000, std::byte{1});
  auto stream = device->NewStream();
  ASSERT_TRUE(stream.value()->CopyOut(*buffer.value(), 0, bytes).ok());
  EXPECT_EQ(bytes, std::vector<std::byte>(10'000));
  EXPECT_FALSE(stream.value()->CopyOut(*buffer.value(), 1, bytes).ok()) << "one byte too far";
  const auto huge = device->Allocate(uint64_t{1} << 60);
  ASSERT_FALSE(huge.ok());
  EXPECT_EQ(huge.error().code, Code::kOutOfMemory);
}

TEST_F(CpuDeviceTest, ReadsAWeightOnceInOrderInSmallPieces) {
  auto device = Open();
  const WeightSpec spec{"w", TensorType::kF32, 5000, 1000, WeightUse::kMatrixAndRows};
  int64_t next = 0;
  const auto weight = device->LoadWeight(spec, [&](int64_t first, int64_t count, MutableBytes out) {
    EXPECT_EQ(first, next);
    EXPECT_LE(out.size(), size_t{4} << 20);
    EXPECT_EQ(out.size(), static_cast<size_t>(count) * 4000);
    for (int64_t i = 0; i < count * 1000; ++i) {
      const auto value = static_cast<float>(first * 1000 + i);
      std::memcpy(out.data() + i * 4, &value, 4);
    }
    next = first + count;
    return Status();
  });
  ASSERT_TRUE(weight.ok()) << weight.error().message;
  EXPECT_EQ(next, 5000);

  auto ids = device->Allocate(8).ReleaseValue(), y = device->Allocate(8000).ReleaseValue();
  auto stream = device->NewStream().ReleaseValue();
  const std::array<int32_t, 2> wanted = {4999, 17};
  ASSERT_TRUE(stream->CopyIn(std::as_bytes(std::span(wanted)), *ids, 0).ok());
  const op::GetRows<Tensor> call{
      weight->tensor,
      {.handle = ids->handle(), .type = TensorType::kI32, .rows = 2, .cols = 1, .stride = 1},
      {.handle = y->handle(), .rows = 2, .cols = 1000, .stride = 1000}};
  ASSERT_TRUE(stream->Launch(call).ok());
  const auto* values = static_cast<const float*>(y->handle());
  EXPECT_EQ(values[999], 4'999'999.0f);
  EXPECT_EQ(values[1000], 17'000.0f);
}

TEST_F(CpuDeviceTest, ExpandsVectorsToFloats) {
  auto device = Open();
  const auto weight = device->LoadWeight(
      {"norm", TensorType::kF16, 1, 3, WeightUse::kVector}, [](int64_t, int64_t, MutableBytes out) {
        const std::array<uint16_t, 3> halves = {FloatToHalf(1), FloatToHalf(-2), FloatToHalf(0.5f)};
        std::memcpy(out.data(), halves.data(), sizeof halves);
        return Status();
      });
  ASSERT_TRUE(weight.ok());
  EXPECT_EQ(weight->tensor.type, TensorType::kF32);
  EXPECT_EQ(weight->tensor.layout, Layout::kDense);
  EXPECT_EQ(static_cast<const float*>(weight->tensor.handle)[1], -2.0f);
}

TEST_F(CpuDeviceTest, RefusesWeightsThatCannotBeAndPassesTheReadersErrorOn) {
  auto device = Open();
  const auto never = [](int64_t, int64_t, MutableBytes) { return Status(Error::NotFound("gone")); };
  EXPECT_EQ(device->LoadWeight({"w", TensorType::kQ4_K, 4, 100}, never).error().code,
            Code::kInvalidArgument);
  EXPECT_EQ(device->LoadWeight({"w", TensorType::kF32, int64_t{1} << 40, int64_t{1} << 40}, never)
                .error()
                .code,
            Code::kInvalidArgument);
  EXPECT_EQ(device->LoadWeight({"w", TensorType::kF32, 4, 100}, never).error().code,
            Code::kNotFound);
}

TEST_F(CpuDeviceTest, RefusesALaunchThatWouldReadOutsideATable) {
  auto device = Open();
  auto stream = device->NewStream().ReleaseValue();
  std::vector<float> table(6), y(3);
  std::vector<int32_t> ids = {2};
  const op::GetRows<Tensor> call{
      {.handle = table.data(), .rows = 2, .cols = 3, .stride = 3},
      {.handle = ids.data(), .type = TensorType::kI32, .rows = 1, .cols = 1, .stride = 1},
      {.handle = y.data(), .rows = 1, .cols = 3, .stride = 3}};
  const Status status = stream->Launch(call);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().field, "ids");
}

}  // namespace
}  // namespace motley
