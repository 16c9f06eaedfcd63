#include "kernels/mul_mat/packed.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

class Packed : public testing::TestWithParam<TensorType> {};

TEST_P(Packed, RowsComeBackWithTheBitsOfTheFile) {
  constexpr int64_t kRows = 70, kCols = 512;
  const std::vector<uint8_t> file = RandomWeights(GetParam(), kRows, kCols, 1);
  PackedWeight weight(GetParam(), kRows, kCols, file);
  std::vector<float> expected(kCols), actual(kCols);
  for (int64_t row = 0; row < kRows; ++row) {
    DequantizeRow(GetParam(), file.data() + row * RowBytes(GetParam(), kCols), kCols,
                  expected.data());
    UnpackRow(GetParam(), weight.tensor().handle, kCols, row, actual.data());
    ASSERT_EQ(std::memcmp(expected.data(), actual.data(), kCols * sizeof(float)), 0) << row;
  }
}

TEST_P(Packed, MatrixIsTheSameInWhateverPortionsItArrives) {
  constexpr int64_t kRows = 45, kCols = 256;
  const std::vector<uint8_t> file = RandomWeights(GetParam(), kRows, kCols, 2);
  const int64_t bytes = PackedBytes(GetParam(), kRows, kCols);
  PackedWeight whole(GetParam(), kRows, kCols, file);
  AlignedMemory memory(bytes);
  for (int64_t row = 0, count = 1; row < kRows; row += count, ++count) {
    count = std::min(count, kRows - row);
    PackRows(GetParam(), kCols, row, count, file.data() + row * RowBytes(GetParam(), kCols),
             memory.data());
  }
  EXPECT_EQ(std::memcmp(whole.tensor().handle, memory.data(), static_cast<size_t>(bytes)), 0);
}

TEST_P(Packed, TailRowsAreZero) {
  constexpr int64_t kRows = 33, kCols = 256;
  PackedWeight weight(GetParam(), kRows, kCols, RandomWeights(GetParam(), kRows, kCols, 3));
  std::vector<float> row(kCols);
  UnpackRow(GetParam(), weight.tensor().handle, kCols, 63, row.data());
  for (const float value : row) ASSERT_EQ(value, 0.0f);
}

TEST_P(Packed, MatrixGrowsByThreePercentAtMost) {
  const int64_t file_bytes = 64 * RowBytes(GetParam(), 4096);
  EXPECT_GE(PackedBytes(GetParam(), 64, 4096), file_bytes);
  EXPECT_LE(PackedBytes(GetParam(), 64, 4096), file_bytes * 103 / 100);
  EXPECT_EQ(PackedBytes(GetParam(), 33, 4096), PackedBytes(GetParam(), 64, 4096));
}

INSTANTIATE_TEST_SUITE_P(Types, Packed, testing::ValuesIn(WeightTypes()),
                         [](const auto& info) { return std::string(Traits(info.param).name); });

}  // namespace
}  // namespace motley
