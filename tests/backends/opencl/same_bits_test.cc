// The promise that placement never changes the arithmetic: an OpenCL device that fuses gives the
// bits of the CPU's vector levels. (Weights: mul_mat_test.cc.)

#include "backends/opencl/driver/inventory.h"
#include "kernels/registry.h"
#include "tests/backends/opencl/rig.h"

namespace motley {
namespace {

class SameBits : public ClKernels {
 protected:
  void SetUp() override {
    ClKernels::SetUp();
    const auto api = opencl::LoadApi(0);
    if (api.ok() && !opencl::FindDevices(**api)[0].fuses) {
      GTEST_SKIP() << "the device does not fuse products";
    }
    if (!CpuHasLevel(CpuLevel::kAvx2)) GTEST_SKIP() << "the CPU has no vector level";
  }

  // The result `y` of the call on the device, and on every vector level of the CPU.
  template <class Call>
  void ExpectSame(const Call& host, const Tensor& y) {
    const auto bytes = static_cast<size_t>(y.rows * y.stride) * sizeof(float);
    const std::vector<std::byte> before(Bytes(static_cast<std::byte*>(y.handle), bytes).begin(),
                                        Bytes(static_cast<std::byte*>(y.handle), bytes).end());
    Call call = host;
    Tensor device_y;
    call.ForEach([&](Tensor& t) {
      const bool result = t.handle == y.handle;
      if (!t) return;
      t = result && device_y ? device_y : rig->Upload(t);
      if (result) device_y = t;
    });
    rig->Launch(call);
    std::vector<float> device(bytes / sizeof(float)), cpu(device.size());
    Tensor copy = y;
    copy.handle = device.data();
    rig->Download(device_y, copy);
    for (const CpuLevel level : {CpuLevel::kAvx2, CpuLevel::kAvx512}) {
      if (!CpuHasLevel(level)) continue;
      std::memcpy(y.handle, before.data(), bytes);
      RunOp(CpuKernels(level), host, team);
      std::memcpy(cpu.data(), y.handle, bytes);
      EXPECT_EQ(std::memcmp(cpu.data(), device.data(), bytes), 0)
          << OpName(host) << " " << CpuLevelName(level) << " " << y.rows << " x " << y.cols
          << ", first " << cpu[0] << " and " << device[0];
    }
    std::memcpy(y.handle, before.data(), bytes);
  }

  SoloTeam team;
};

TEST_P(SameBits, OfNormsOfAnyWidth) {
  for (const int64_t width : {1, 9, 64, 100, 576, 1000, 2049}) {
    auto x = RandomValues(4 * 2 * width, 1), weight = RandomValues(width, 2);
    op::RmsNorm<Tensor> call{.x = DenseTensor(x, 4, 2 * width),
                             .weight = DenseTensor(weight, 1, width)};
    call.y = call.x;
    ExpectSame(call, call.y);
  }
}

TEST_P(SameBits, OfActivationsLargeAndSmall) {
  for (const float range : {0.01f, 1.0f, 30.0f, 1000.0f}) {
    for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh}) {
      auto gate = RandomValues(5 * 83, 1), up = RandomValues(5 * 83, 2);
      for (float& g : gate) g *= range;
      std::vector<float> y(gate.size());
      ExpectSame(op::Glu<Tensor>{DenseTensor(gate, 5, 83), DenseTensor(up, 5, 83),
                                 DenseTensor(y, 5, 83), activation},
                 DenseTensor(y, 5, 83));
    }
  }
}

TEST_P(SameBits, OfRotationsAtSmallAndLargePositions) {
  for (const RopeStyle style : {RopeStyle::kNeox, RopeStyle::kInterleaved}) {
    for (const bool with_factors : {false, true}) {
      for (const int rotated : {64, 50}) {
        auto x = RandomValues(6 * 3 * 80, 1);
        std::vector<int32_t> positions = {0, 1, 2, 513, 4097, 131071};
        std::vector<float> factors(static_cast<size_t>(rotated / 2));
        for (size_t i = 0; i < factors.size(); ++i) factors[i] = 0.7f + static_cast<float>(i);
        op::Rope<Tensor> call{.x = DenseTensor(x, 6, 3 * 80), .positions = IndexTensor(positions)};
        if (with_factors) call.factors = DenseTensor(factors, 1, rotated / 2);
        call.head_dim = 80, call.rotated = rotated, call.base = 50000, call.frequency_scale = 0.5f;
        call.style = style;
        ExpectSame(call, call.x);
      }
    }
  }
}

TEST_P(SameBits, OfAttentionFarBackAndThroughAWindow) {
  constexpr int kBlockTokens = 24, kBlocks = 30, kHeads = 6, kKvHeads = 2;
  for (const TensorType type : {TensorType::kF16, TensorType::kF32}) {
    for (const int head_dim : {64, 20}) {
      for (const int window : {0, 100}) {
        const int64_t values = int64_t{kBlocks} * kKvHeads * kBlockTokens * head_dim;
        auto k = RandomValues(values, 1), v = RandomValues(values, 2);
        const auto cache = [&](std::vector<float>& from, std::vector<uint8_t>& memory) {
          Tensor t{.type = type, .rows = values / head_dim, .cols = head_dim, .stride = head_dim};
          memory.resize(static_cast<size_t>(values * RowBytes(type, 1)));
          for (size_t i = 0; i < from.size(); ++i) {
            const auto half = static_cast<_Float16>(from[i]);
            if (type == TensorType::kF16) std::memcpy(&memory[i * 2], &half, 2);
            if (type == TensorType::kF32) std::memcpy(&memory[i * 4], &from[i], 4);
          }
          t.handle = memory.data();
          return t;
        };
        std::vector<uint8_t> k_memory, v_memory;
        std::vector<int32_t> table(kBlocks), positions = {0, 1, 63, 64, 300, 301, 302, 719},
                                             sequences(positions.size());
        for (int i = 0; i < kBlocks; ++i) table[static_cast<size_t>(i)] = (i * 7 + 3) % kBlocks;
        const auto rows = static_cast<int64_t>(positions.size());
        auto q = RandomValues(rows * kHeads * head_dim, 3);
        for (float& value : q) value *= 4;
        std::vector<float> y(q.size());
        Tensor blocks = IndexTensor(table);
        blocks.rows = 1, blocks.cols = blocks.stride = kBlocks;
        op::Attention<Tensor> call{DenseTensor(q, rows, kHeads * head_dim),
                                   cache(k, k_memory),
                                   cache(v, v_memory),
                                   IndexTensor(positions),
                                   IndexTensor(sequences),
                                   blocks,
                                   DenseTensor(y, rows, kHeads * head_dim),
                                   kHeads,
                                   kKvHeads,
                                   head_dim,
                                   kBlockTokens,
                                   window,
                                   0.2f};
        ExpectSame(call, call.y);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, SameBits, testing::Values("item", "group"));

}  // namespace
}  // namespace motley
