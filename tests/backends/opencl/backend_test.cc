#include <dlfcn.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "backends/opencl/device.h"
#include "base/os.h"
#include "tests/backends/opencl/rig.h"

namespace motley {
namespace {

using opencl::Phase;

TEST(OpenClErrors, AreMappedByWhatTheCallerCanDo) {
  const auto code = [](cl_int error, Phase phase) {
    return opencl::ToError(error, "x", phase).code;
  };
  EXPECT_EQ(code(CL_MEM_OBJECT_ALLOCATION_FAILURE, Phase::kSetUp), Code::kOutOfMemory);
  EXPECT_EQ(code(CL_INVALID_BUFFER_SIZE, Phase::kSetUp), Code::kOutOfMemory);
  EXPECT_EQ(code(CL_OUT_OF_RESOURCES, Phase::kEnqueue), Code::kOutOfMemory);
  EXPECT_EQ(code(CL_OUT_OF_RESOURCES, Phase::kWait), Code::kDeviceLost);
  EXPECT_EQ(code(CL_DEVICE_NOT_AVAILABLE, Phase::kEnqueue), Code::kDeviceLost);
  EXPECT_EQ(code(-9999, Phase::kWait), Code::kDeviceLost);
  EXPECT_EQ(code(CL_INVALID_KERNEL_ARGS, Phase::kEnqueue), Code::kInternal);
  EXPECT_EQ(opencl::ToError(CL_INVALID_KERNEL_ARGS, "x", Phase::kEnqueue).message,
            "x: CL_INVALID_KERNEL_ARGS (-52)");
}

TEST(OpenClLedger, RefusesWhatTheDeviceOrOneBufferCannotHold) {
  opencl::Ledger ledger("ocl0", 1000, 600);
  EXPECT_TRUE(ledger.Take(600).ok());
  const Status buffer = ledger.Take(601);
  EXPECT_EQ(buffer.error().message, "needs one buffer of 601 B, ocl0 allows at most 600 B");
  const Status total = ledger.Take(401);
  EXPECT_EQ(total.error().code, Code::kOutOfMemory);
  EXPECT_EQ(total.error().message, "needs 401 B, 400 B of 1000 B free on ocl0");
  ledger.Return(600);
  EXPECT_EQ(ledger.free(), 1000u);
}

TEST(OpenClPlugin, HasTheEntryOfThisAbi) {
  auto backend = LoadBackend(MOTLEY_OPENCL_PLUGIN);
  ASSERT_TRUE(backend.ok()) << backend.error().message;
  EXPECT_EQ((*backend)->name(), "opencl");
}

constexpr const char* kChild = "MOTLEY_TEST_COUNT_DEVICES";

// How many devices a process of its own finds: the loader reads its variable once.
int DevicesInChild(const std::string& vendors) {
  SpawnOptions options;
  options.arguments = {std::filesystem::read_symlink("/proc/self/exe").string(),
                       "--gtest_filter=OpenClBackend.WithoutAPlatformIsAnEmptyList"};
  options.environment["OCL_ICD_VENDORS"] = vendors;
  options.environment[kChild] = "1";
  options.quiet = true;
  auto child = Spawn(options);
  if (!child.ok()) return -1;
  const auto status = child->Wait(60000);
  return status.ok() && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
}

TEST(OpenClBackend, WithoutAPlatformIsAnEmptyList) {
  const auto devices = MakeOpenClBackend()->Enumerate();
  ASSERT_TRUE(devices.ok()) << devices.error().message;
  if (std::getenv(kChild)) std::exit(static_cast<int>(devices->size()));
  EXPECT_EQ(DevicesInChild("/nonexistent"), 0);
  if (devices->empty() || !std::filesystem::exists("/etc/OpenCL/vendors")) return;
  EXPECT_GT(DevicesInChild("/etc/OpenCL/vendors"), 0) << "or this test cannot fail";
}

TEST(OpenClBackend, NamesDevicesInAStableOrder) {
  auto backend = MakeOpenClBackend();
  const auto first = backend->Enumerate(), second = backend->Enumerate();
  if (first->empty()) GTEST_SKIP() << "no OpenCL device";
  for (size_t i = 0; i < first->size(); ++i) {
    const DeviceInfo& info = (*first)[i];
    EXPECT_EQ(info.id, "ocl" + std::to_string(i));
    EXPECT_EQ(info.uuid, (*second)[i].uuid);
    EXPECT_FALSE(info.uuid.empty());
    EXPECT_GT(info.memory_bytes, 0u);
    EXPECT_GT(info.compute_units, 0);
    EXPECT_TRUE(info.kind == "cpu" || info.kind == "gpu" || info.kind == "other") << info.kind;
    EXPECT_FALSE(info.kernels.empty());
  }
}

TEST(OpenClBackend, OpensByIdOrUuidAndNamesWhatIsMissing) {
  auto backend = MakeOpenClBackend();
  const auto missing = backend->Open("ocl99", {});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  const auto devices = backend->Enumerate();
  if (devices->empty()) GTEST_SKIP() << "no OpenCL device";
  const auto device = backend->Open(devices->front().uuid, {});
  ASSERT_TRUE(device.ok()) << device.error().message;
  EXPECT_EQ((*device)->info().id, "ocl0");
}

class OpenClDevice : public testing::Test {
 protected:
  OpenClDevice() : rig("item") {}
  void SetUp() override {
    if (!rig.device()) GTEST_SKIP() << "no OpenCL device";
  }
  Rig rig;
};

TEST_F(OpenClDevice, AllocatesZeroesAndGivesMemoryBack) {
  const uint64_t before = rig.device()->ReadTelemetry()->free_bytes;
  {
    auto buffer = rig.device()->Allocate(1000).ReleaseValue();
    EXPECT_EQ(rig.device()->ReadTelemetry()->free_bytes, before - 1024);
    std::vector<std::byte> out(1000, std::byte{1});
    ASSERT_TRUE(rig.stream().CopyOut(*buffer, 0, out).ok());
    EXPECT_EQ(out, std::vector<std::byte>(1000));
  }
  EXPECT_EQ(rig.device()->ReadTelemetry()->free_bytes, before);
}

TEST_F(OpenClDevice, RefusesMoreThanItHas) {
  const auto buffer = rig.device()->Allocate(uint64_t{1} << 50);
  ASSERT_FALSE(buffer.ok());
  EXPECT_EQ(buffer.error().code, Code::kOutOfMemory);
}

TEST_F(OpenClDevice, RefusesCopiesPastTheEnd) {
  auto buffer = rig.device()->Allocate(64).ReleaseValue();
  std::vector<std::byte> data(32);
  EXPECT_EQ(rig.stream().CopyIn(data, *buffer, 40).error().code, Code::kInvalidArgument);
  EXPECT_EQ(rig.stream().CopyOut(*buffer, UINT64_MAX, data).error().code, Code::kInvalidArgument);
}

TEST_F(OpenClDevice, SaysWhyACallIsNotSupported) {
  op::Attention<Tensor> call;
  call.heads = call.kv_heads = 1, call.head_dim = 1024, call.block_tokens = 16;
  call.k_cache = {.type = TensorType::kF16, .rows = 16, .cols = 1024, .stride = 1024};
  call.v_cache = call.k_cache;
  call.q = call.y = {.rows = 1, .cols = 1024, .stride = 1024};
  call.positions = call.sequences = {.type = TensorType::kI32, .rows = 1, .cols = 1, .stride = 1};
  call.block_table = call.positions;
  const Status wide = rig.device()->Supports(call);
  ASSERT_FALSE(wide.ok());
  EXPECT_EQ(wide.error().code, Code::kUnsupported);
  EXPECT_EQ(wide.error().message, "attention: head_dim 1024, at most 512");
  call.head_dim = 64;
  call.k_cache = call.v_cache = {.type = TensorType::kF16, .rows = 16, .cols = 64, .stride = 64};
  call.q = call.y = {.rows = 1, .cols = 64, .stride = 64};
  EXPECT_TRUE(rig.device()->Supports(call).ok()) << rig.device()->Supports(call).error().message;
  EXPECT_EQ(rig.stream().Launch(call).error().code, Code::kInvalidArgument) << "no memory";
}

TEST_F(OpenClDevice, RefusesImpossibleWeightsByName) {
  const auto read = [](int64_t, int64_t, MutableBytes) { return Status(); };
  const auto odd = rig.device()->LoadWeight({"blk.0.ffn", TensorType::kQ4_K, 4, 100}, read);
  ASSERT_FALSE(odd.ok());
  EXPECT_EQ(odd.error().field, "blk.0.ffn");
  const auto huge = rig.device()->LoadWeight({"w", TensorType::kF32, 1 << 30, 1 << 30}, read);
  EXPECT_EQ(huge.error().code, Code::kInvalidArgument);
}

TEST_F(OpenClDevice, VectorsBecomeFloatsWhateverTheFileHas) {
  const auto file = RandomWeights(TensorType::kF16, 1, 50, 1);
  const Tensor vector = rig.Load(TensorType::kF16, 1, 50, file, WeightUse::kVector);
  EXPECT_EQ(vector.type, TensorType::kF32);
  EXPECT_EQ(vector.layout, Layout::kDense);
}

// Writes 0xff over the middle of a file, or cuts it short.
void Damage(const std::string& path, bool cut) {
  const auto size = std::filesystem::file_size(path);
  if (cut) return std::filesystem::resize_file(path, size / 2);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file.write("\xff\xff\xff\xff", 4);
}

TEST(OpenClCache, ServesTheNextStartAndFallsBackToSourceWhenDamaged) {
  const auto api = opencl::LoadApi(0);
  if (!api.ok()) GTEST_SKIP() << api.error().message;
  const auto found = opencl::FindDevices(**api);
  if (found.empty()) GTEST_SKIP() << "no OpenCL device";
  cl_int error = 0;
  cl_device_id device = found[0].device;
  opencl::Context context(**api,
                          (*api)->CreateContext(nullptr, 1, &device, nullptr, nullptr, &error));
  ASSERT_EQ(error, CL_SUCCESS);
  char name[] = "/tmp/motley-opencl-XXXXXX";
  const std::string folder = mkdtemp(name);
  const auto build = [&] {
    opencl::Programs programs(**api, context.get(), found[0], {}, folder);
    const auto kernel = programs.GetRows(TensorType::kQ4_0);
    EXPECT_TRUE(kernel.ok()) << kernel.error().message;
    return std::pair(programs.compiled(), programs.cached());
  };
  EXPECT_EQ(build(), std::pair(1, 0));
  EXPECT_EQ(build(), std::pair(0, 1));
  for (const bool cut : {false, true}) {
    Damage(std::filesystem::directory_iterator(folder)->path().string(), cut);
    EXPECT_EQ(build(), std::pair(1, 0)) << "cut " << cut;
    EXPECT_EQ(build(), std::pair(0, 1)) << "written anew";
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace motley
