#include "kernels/get_rows/get_rows.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

class GetRows : public testing::TestWithParam<TensorType> {};

TEST_P(GetRows, GivesScaledRowsOfAPackedTable) {
  constexpr int64_t kRows = 70, kCols = 512;
  const std::vector<uint8_t> file = RandomWeights(GetParam(), kRows, kCols, 1);
  PackedWeight table(GetParam(), kRows, kCols, file);
  std::vector<int32_t> ids(100);
  for (int i = 0; i < 100; ++i) ids[static_cast<size_t>(i)] = i * 37 % kRows;
  std::vector<float> y(100 * kCols), row(kCols);
  ThreadTeam team(3);
  GetRowsKernel(CpuLevel::kScalar)({.table = table.tensor(),
                                    .ids = IndexTensor(ids),
                                    .y = DenseTensor(y, 100, kCols),
                                    .scale = 1.5f},
                                   team);
  for (size_t m = 0; m < ids.size(); ++m) {
    DequantizeRow(GetParam(), file.data() + ids[m] * RowBytes(GetParam(), kCols), kCols,
                  row.data());
    for (size_t k = 0; k < kCols; ++k) ASSERT_EQ(y[m * kCols + k], 1.5f * row[k]);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, GetRows, testing::ValuesIn(WeightTypes()),
                         [](const auto& info) { return std::string(Traits(info.param).name); });

TEST(GetRowsOfActivations, PicksDenseRowsByTheirStride) {
  std::vector<float> table = RandomValues(5 * 8, 1), y(2 * 4);
  std::vector<int32_t> ids = {4, 1};
  Tensor wide = DenseTensor(table, 5, 4);
  wide.stride = 8;
  SoloTeam team;
  GetRowsKernel(CpuLevel::kRef)({.table = wide, .ids = IndexTensor(ids), .y = DenseTensor(y, 2, 4)},
                                team);
  for (size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(y[k], table[4 * 8 + k]);
    EXPECT_EQ(y[4 + k], table[1 * 8 + k]);
  }
}

}  // namespace
}  // namespace motley
