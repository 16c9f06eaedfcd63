#include <cmath>
#include <cstring>

#include "backends/opencl/driver/inventory.h"
#include "kernels/registry.h"
#include "tests/backends/opencl/rig.h"

namespace motley {
namespace {

// Three products of one x with and without a bias, rows of y apart, on the device and on the scalar
// kernels.
struct Case {
  TensorType type;
  int64_t m, k;
  std::vector<int64_t> n;
};

class Outcome {
 public:
  std::vector<std::vector<float>> device, scalar;
};

class Products {
 public:
  Products(Rig& rig, const Case& c) : rig_(rig), c_(c), x_(RandomValues(c.m * (c.k + 3), 1)) {}

  Outcome Run(CpuLevel level) {
    Outcome out;
    op::MulMat<Tensor> host{.x = DenseTensor(x_, c_.m, c_.k)};
    host.x.stride = c_.k + 3;
    host.count = static_cast<int>(c_.n.size());
    op::MulMat<Tensor> on_device = host;
    on_device.x = rig_.Upload(host.x);
    out.device.resize(c_.n.size());
    out.scalar.resize(c_.n.size());
    for (size_t i = 0; i < c_.n.size(); ++i) {
      files_.push_back(RandomWeights(c_.type, c_.n[i], c_.k, static_cast<uint32_t>(i + 2)));
      packed_.push_back(std::make_unique<PackedWeight>(c_.type, c_.n[i], c_.k, files_.back()));
      biases_.push_back(RandomValues(c_.n[i], 9));
      auto& p = host.products[i];
      p.weight = packed_.back()->tensor();
      if (i == 1) p.bias = DenseTensor(biases_.back(), 1, c_.n[i]);
      out.scalar[i].assign(static_cast<size_t>(c_.m * (c_.n[i] + 5)), -7.0f);
      p.y = DenseTensor(out.scalar[i], c_.m, c_.n[i]);
      p.y.stride = c_.n[i] + 5;
      auto& d = on_device.products[i];
      d = p;
      d.weight = rig_.Load(c_.type, c_.n[i], c_.k, files_.back());
      if (p.bias) d.bias = rig_.Upload(p.bias);
      d.y = rig_.Upload(p.y);
    }
    SoloTeam team;
    CpuKernels(level).mul_mat(host, team);
    rig_.Launch(on_device);
    for (size_t i = 0; i < c_.n.size(); ++i) {
      out.device[i].resize(out.scalar[i].size());
      Tensor y = DenseTensor(out.device[i], c_.m, c_.n[i]);
      y.stride = c_.n[i] + 5;
      rig_.Download(on_device.products[i].y, y);
    }
    return out;
  }

 private:
  Rig& rig_;
  Case c_;
  std::vector<float> x_;
  std::vector<std::vector<uint8_t>> files_;
  std::vector<std::unique_ptr<PackedWeight>> packed_;
  std::vector<std::vector<float>> biases_;
};

// The largest difference, relative to the largest value.
double Difference(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0, scale = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i])) return INFINITY;
    worst = std::max(worst, std::fabs(double{a[i]} - b[i]));
    scale = std::max(scale, std::fabs(double{b[i]}));
  }
  return worst / scale;
}

class MulMatOnOpenCl : public ClKernels {};

TEST_P(MulMatOnOpenCl, AgreesWithScalarForEveryTypeAndHeightOfBatch) {
  for (const TensorType type : WeightTypes()) {
    for (const int64_t m : {1, 3, 8, 13}) {
      const int64_t k = IsQuantized(type) ? 512 : 83;
      const Outcome out = Products(*rig, {type, m, k, {48, 37}}).Run(CpuLevel::kScalar);
      for (size_t i = 0; i < out.device.size(); ++i) {
        EXPECT_LT(Difference(out.device[i], out.scalar[i]), 2e-6)
            << Traits(type).name << " m " << m << " product " << i;
      }
    }
  }
}

TEST_P(MulMatOnOpenCl, GivesTheBitsOfTheCpuWhenItemsWorkAlone) {
  if (group()) GTEST_SKIP() << "groups add in another order";
  const auto api = opencl::LoadApi(0);
  if (!opencl::FindDevices(**api)[0].fuses) GTEST_SKIP() << "the device does not fuse products";
  for (const CpuLevel level : {CpuLevel::kScalar, BestCpuLevel()}) {
    for (const TensorType type : WeightTypes()) {
      if (level == CpuLevel::kScalar && !IsQuantized(type)) continue;
      const Outcome out = Products(*rig, {type, 5, 768, {33, 20}}).Run(level);
      for (size_t i = 0; i < out.device.size(); ++i) {
        EXPECT_EQ(out.device[i], out.scalar[i])
            << Traits(type).name << " " << CpuLevelName(level) << " product " << i;
      }
    }
  }
}

TEST_P(MulMatOnOpenCl, GivesARowTheSameBitsWhateverTheBatch) {
  for (const TensorType type : {TensorType::kF16, TensorType::kQ4_1, TensorType::kQ6_K}) {
    const Case many{type, 13, 512, {40}}, one{type, 1, 512, {40}};
    const auto batch = Products(*rig, many).Run(CpuLevel::kScalar).device[0];
    const auto alone = Products(*rig, one).Run(CpuLevel::kScalar).device[0];
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), batch.begin())) << Traits(type).name;
  }
}

TEST_P(MulMatOnOpenCl, ComputesInFloatWhenTheEnvironmentSaysRef) {
  Rig reference(GetParam(), "ref");
  EXPECT_EQ(reference.device()->KvType(), TensorType::kF32);
  EXPECT_EQ(rig->device()->KvType(), TensorType::kF16);
  EXPECT_NE(reference.device()->info().kernels, rig->device()->info().kernels);
  for (const TensorType type : {TensorType::kF32, TensorType::kQ8_0, TensorType::kQ4_1,
                                TensorType::kQ5_K, TensorType::kQ6_K}) {
    const Outcome out = Products(reference, {type, 5, 512, {37}}).Run(CpuLevel::kRef);
    EXPECT_LT(Difference(out.device[0], out.scalar[0]), 1e-6) << Traits(type).name;
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, MulMatOnOpenCl, testing::Values("item", "group"));

}  // namespace
}  // namespace motley
