// Every level and type of mul_mat against the float reference, and against itself: a row must come
// out with the same bits in whatever company it is computed.
#include "kernels/mul_mat/mul_mat.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

#include "kernels/mul_mat/cpu/loops.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

using Params = std::tuple<CpuLevel, TensorType>;

std::string ParamName(const testing::TestParamInfo<Params>& info) {
  return std::string(CpuLevelName(std::get<0>(info.param))) + "_" +
         std::string(Traits(std::get<1>(info.param)).name);
}

class MulMat : public testing::TestWithParam<Params> {
 protected:
  void SetUp() override {
    if (!CpuHasLevel(level())) GTEST_SKIP() << "this CPU lacks " << CpuLevelName(level());
  }
  CpuLevel level() const { return std::get<0>(GetParam()); }
  TensorType type() const { return std::get<1>(GetParam()); }
};

// One product of x [m, cols] with a matrix.
std::vector<float> Product(CpuLevel level, PackedWeight& weight, std::vector<float> x, int threads,
                           WeightPath path = WeightPath::kAuto) {
  const Tensor w = weight.tensor();
  const int64_t m = static_cast<int64_t>(x.size()) / w.cols;
  std::vector<float> y(static_cast<size_t>(m * w.rows));
  op::MulMat<Tensor> call{.x = DenseTensor(x, m, w.cols)};
  call.products[0] = {.weight = w, .y = DenseTensor(y, m, w.rows)};
  ThreadTeam team(threads);
  if (level == CpuLevel::kRef) {
    MulMatKernel(level)(call, team);
  } else {
    RunMulMat(MulMatMicroKernels(level), call, team, path);
  }
  return y;
}

// Rounding x to int8 makes errors that are random, so that they grow with the root of the number of
// terms, as the product itself does. So do those of long float sums; the reference has none.
double Tolerance(CpuLevel level, TensorType type, double norm_x, double norm_w, int64_t cols) {
  const double relative = level == CpuLevel::kRef ? 1e-6 : IsQuantized(type) ? 0.03 : 1e-5;
  return relative * norm_x * norm_w / std::sqrt(static_cast<double>(cols)) + 1e-7;
}

double Norm(const float* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += double{x[i]} * x[i];
  return std::sqrt(sum);
}

TEST_P(MulMat, IsCloseToTheProductInDouble) {
  constexpr int64_t kRows = 70, kCols = 768;
  const std::vector<uint8_t> file = RandomWeights(type(), kRows, kCols, 1);
  PackedWeight weight(type(), kRows, kCols, file);
  for (const int64_t m : {1, 5, 8, 19, 130}) {
    const std::vector<float> x = RandomValues(m * kCols, 2);
    const std::vector<float> y = Product(level(), weight, x, 2);
    std::vector<float> row(kCols);
    for (int64_t n = 0; n < kRows; ++n) {
      DequantizeRow(type(), file.data() + n * RowBytes(type(), kCols), kCols, row.data());
      for (int64_t i = 0; i < m; ++i) {
        const float* xi = x.data() + i * kCols;
        double exact = 0;
        for (int64_t k = 0; k < kCols; ++k) exact += double{row[static_cast<size_t>(k)]} * xi[k];
        const double bound =
            Tolerance(level(), type(), Norm(xi, kCols), Norm(row.data(), kCols), kCols);
        ASSERT_NEAR(y[static_cast<size_t>(i * kRows + n)], exact, bound)
            << "row " << i << " of " << m << ", column " << n;
      }
    }
  }
}

// x:  [ r0 ]     [ r0 r1 ... r199 ]     [ r7 ... ]
TEST_P(MulMat, RowHasTheSameBitsInAnyBatchOnAnyThreadsAndPath) {
  constexpr int64_t kRows = 163, kCols = 1280;
  PackedWeight weight(type(), kRows, kCols, RandomWeights(type(), kRows, kCols, 3));
  const std::vector<float> all = RandomValues(207 * kCols, 4);
  const std::vector<float> expected = Product(level(), weight, all, 1, WeightPath::kDirect);
  for (const int64_t m : {1, 2, 3, 7, 8, 9, 16, 33, 128, 200}) {
    for (const int64_t first : {0, 7}) {
      const std::vector<float> x(all.begin() + first * kCols, all.begin() + (first + m) * kCols);
      const int threads = static_cast<int>(1 + (m + first) % 4);
      for (const WeightPath path : {WeightPath::kDirect, WeightPath::kExpand}) {
        const std::vector<float> y = Product(level(), weight, x, threads, path);
        ASSERT_EQ(std::memcmp(y.data(), expected.data() + first * kRows, y.size() * sizeof(float)),
                  0)
            << m << " rows from " << first << " on " << threads << " threads";
      }
    }
  }
}

// Integers are exact, and floats are added in the same order at all levels.
class QuantizedMulMat : public MulMat {};

TEST_P(QuantizedMulMat, HasTheBitsOfTheScalarLevel) {
  constexpr int64_t kRows = 96, kCols = 1024, kM = 13;
  PackedWeight weight(type(), kRows, kCols, RandomWeights(type(), kRows, kCols, 5));
  std::vector<float> x = RandomValues(kM * kCols, 6);
  for (size_t k = 0; k < 64; ++k) x[k] = 0;                        // blocks of zeros
  for (size_t k = 64; k < 96; ++k) x[k] = k % 2 ? 1e30f : -1e30f;  // full scale, nothing else
  for (size_t k = 96; k < 128; ++k) x[k] = 1e-38f;
  for (size_t k = 128; k < 160; ++k)
    x[k] = static_cast<float>(k % 8) * 0.5f / 127 + (k == 130);  // ties
  const std::vector<float> expected = Product(CpuLevel::kScalar, weight, x, 1);
  EXPECT_EQ(std::memcmp(Product(level(), weight, x, 1).data(), expected.data(),
                        expected.size() * sizeof(float)),
            0);
}

// Largest quants against largest activations: where 16-bit sums would saturate.
TEST_P(MulMat, DoesNotSaturate) {
  constexpr int64_t kRows = 32, kCols = 256;
  std::vector<uint8_t> file = RandomWeights(type(), kRows, kCols, 7);
  if (IsQuantized(type())) {
    const auto step = static_cast<size_t>(Traits(type()).block_bytes);
    const uint8_t fill = type() == TensorType::kQ8_0 ? 0x80 : 0xff;
    const size_t head = type() == TensorType::kQ6_K ? 0 : 4;  // keeps d and m
    const size_t tail = type() == TensorType::kQ6_K ? 208 : step;
    const size_t from = type() == TensorType::kQ8_0 ? 2 : head;
    for (size_t at = 0; at < file.size(); at += step) {
      std::memset(&file[at + from], fill, tail - from);
    }
  }
  PackedWeight weight(type(), kRows, kCols, file);
  for (const float sign : {1.0f, -1.0f}) {
    const std::vector<float> x(9 * kCols, 127 * sign);  // exact in int8
    const std::vector<float> y = Product(level(), weight, x, 1);
    std::vector<float> row(kCols);
    for (int64_t n = 0; n < kRows; ++n) {
      DequantizeRow(type(), file.data() + n * RowBytes(type(), kCols), kCols, row.data());
      double exact = 0, size = 0;
      for (const float value : row) exact += 127.0 * sign * value, size += 127 * std::fabs(value);
      ASSERT_NEAR(y[static_cast<size_t>(n)], exact, 1e-5 * size + 1e-5);
      ASSERT_EQ(y[static_cast<size_t>(8 * kRows + n)], y[static_cast<size_t>(n)]);
    }
  }
}

TEST_P(MulMat, ProductsThatShareXAreThoseOfSingleCalls) {
  constexpr int64_t kCols = 256, kM = 21;
  const TensorType types[] = {type(), TensorType::kQ8_0, TensorType::kF16};
  const int64_t rows[] = {64, 33, 100};
  std::vector<float> x = RandomValues(kM * kCols, 8), bias = RandomValues(100, 9);
  std::vector<std::vector<float>> y;
  std::vector<PackedWeight> weights;
  for (size_t i = 0; i < 3; ++i) {
    weights.emplace_back(types[i], rows[i], kCols, RandomWeights(types[i], rows[i], kCols, 10));
    y.emplace_back(static_cast<size_t>(kM * rows[i]));
  }
  op::MulMat<Tensor> call{.x = DenseTensor(x, kM, kCols), .count = 3};
  for (size_t i = 0; i < 3; ++i) {
    call.products[i] = {.weight = weights[i].tensor(), .y = DenseTensor(y[i], kM, rows[i])};
  }
  call.products[2].bias = DenseTensor(bias, 1, 100);
  ThreadTeam team(3);
  MulMatKernel(level())(call, team);
  for (size_t i = 0; i < 3; ++i) {
    const std::vector<float> alone = Product(level(), weights[i], x, 1);
    for (size_t at = 0; at < alone.size(); ++at) {
      const float b = i == 2 ? bias[at % 100] : 0;
      ASSERT_NEAR(y[i][at], alone[at] + b, 1e-5) << i;
    }
  }
}

TEST_P(MulMat, LeavesTheGapsBetweenRowsAlone) {
  constexpr int64_t kRows = 40, kCols = 256, kM = 3, kStride = 64;
  PackedWeight weight(type(), kRows, kCols, RandomWeights(type(), kRows, kCols, 11));
  std::vector<float> wide = RandomValues(kM * 2 * kCols, 12), dense;
  for (int64_t m = 0; m < kM; ++m) {
    dense.insert(dense.end(), wide.begin() + 2 * m * kCols, wide.begin() + (2 * m + 1) * kCols);
  }
  std::vector<float> y(kM * kStride, 7.0f);
  op::MulMat<Tensor> call{.x = DenseTensor(wide, kM, kCols)};
  call.x.stride = 2 * kCols;
  call.products[0] = {.weight = weight.tensor(), .y = DenseTensor(y, kM, kRows)};
  call.products[0].y.stride = kStride;
  SoloTeam team;
  MulMatKernel(level())(call, team);
  const std::vector<float> expected = Product(level(), weight, dense, 1);
  for (int64_t m = 0; m < kM; ++m) {
    for (int64_t n = 0; n < kStride; ++n) {
      const float value = y[static_cast<size_t>(m * kStride + n)];
      ASSERT_EQ(value, n < kRows ? expected[static_cast<size_t>(m * kRows + n)] : 7.0f);
    }
  }
}

class FloatMulMat : public MulMat {};

TEST_P(FloatMulMat, TakesAnInnerDimensionOfAnyLength) {
  constexpr int64_t kCols = 50, kRows = 40, kM = 35;
  const std::vector<uint8_t> file = RandomWeights(type(), kRows, kCols, 13);
  PackedWeight weight(type(), kRows, kCols, file);
  const std::vector<float> x = RandomValues(kM * kCols, 14), y = Product(level(), weight, x, 2);
  std::vector<float> row(kCols);
  for (int64_t n = 0; n < kRows; ++n) {
    DequantizeRow(type(), file.data() + n * RowBytes(type(), kCols), kCols, row.data());
    double exact = 0;
    for (size_t k = 0; k < kCols; ++k) exact += double{row[k]} * x[(kM - 1) * kCols + k];
    EXPECT_NEAR(y[static_cast<size_t>((kM - 1) * kRows + n)], exact, 1e-6);
  }
}

constexpr CpuLevel kLevels[] = {CpuLevel::kRef, CpuLevel::kScalar, CpuLevel::kAvx2,
                                CpuLevel::kAvx512, CpuLevel::kVnni};

std::vector<TensorType> Types(bool quantized) {
  std::vector<TensorType> types = WeightTypes();
  std::erase_if(types, [&](TensorType type) { return IsQuantized(type) != quantized; });
  return types;
}

INSTANTIATE_TEST_SUITE_P(All, MulMat,
                         testing::Combine(testing::ValuesIn(kLevels),
                                          testing::ValuesIn(WeightTypes())),
                         ParamName);
INSTANTIATE_TEST_SUITE_P(All, QuantizedMulMat,
                         testing::Combine(testing::ValuesIn(kLevels + 2, kLevels + 5),
                                          testing::ValuesIn(Types(true))),
                         ParamName);
INSTANTIATE_TEST_SUITE_P(All, FloatMulMat,
                         testing::Combine(testing::ValuesIn(kLevels),
                                          testing::ValuesIn(Types(false))),
                         ParamName);

}  // namespace
}  // namespace motley
