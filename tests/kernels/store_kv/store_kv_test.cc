#include "kernels/store_kv/store_kv.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/dequantize/half.h"
#include "tests/kernels/levels.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

constexpr int kHeads = 2, kDim = 21, kBlockTokens = 4, kBlocks = 3;
constexpr int kRows = kBlocks * kHeads * kBlockTokens;

Tensor Cache(void* memory, TensorType type) {
  Tensor t;
  t.handle = memory;
  t.type = type;
  t.rows = kRows;
  t.cols = t.stride = kDim;
  return t;
}

// Slot 6 is place 2 of block 1; its head 1 is row (1 * kHeads + 1) * kBlockTokens + 2 of the cache.
TEST(StoreKv, PutsHeadsWhereTheLayoutSaysAndNothingElsewhere) {
  ThreadTeam team(2);
  for (const CpuLevel level : LevelsHere()) {
    auto k = RandomValues(2 * kHeads * kDim, 1), v = RandomValues(2 * kHeads * kDim, 2);
    k[0] = 1e6f;
    std::vector<int32_t> slots = {6, 9};
    std::vector<uint16_t> k_half(kRows * kDim, 0x1234), v_half(kRows * kDim, 0x1234);
    op::StoreKv<Tensor> call{DenseTensor(k, 2, kHeads * kDim),
                             DenseTensor(v, 2, kHeads * kDim),
                             IndexTensor(slots),
                             Cache(k_half.data(), TensorType::kF16),
                             Cache(v_half.data(), TensorType::kF16),
                             kHeads,
                             kDim,
                             kBlockTokens};
    StoreKvKernel(level)(call, team);
    std::vector<uint16_t> expected(kRows * kDim, 0x1234);
    for (const auto& [m, slot] : {std::pair(0, 6), {1, 9}}) {
      for (int i = 0; i < kHeads * kDim; ++i) {
        const int row =
            (slot / kBlockTokens * kHeads + i / kDim) * kBlockTokens + slot % kBlockTokens;
        expected[static_cast<size_t>(row * kDim + i % kDim)] =
            FloatToHalf(std::min(k[static_cast<size_t>(m * kHeads * kDim + i)], kLargestHalf));
      }
    }
    EXPECT_EQ(k_half, expected) << CpuLevelName(level);

    std::vector<float> k_float(kRows * kDim, -5), v_float(kRows * kDim, -5);
    call.k_cache = Cache(k_float.data(), TensorType::kF32);
    call.v_cache = Cache(v_float.data(), TensorType::kF32);
    StoreKvKernel(level)(call, team);
    EXPECT_EQ(v_float[(3 * kBlockTokens + 2) * kDim + 20], v[kDim + 20]) << CpuLevelName(level);
    EXPECT_EQ(std::ranges::count(v_float, -5.0f), (kRows - 2 * kHeads) * kDim);
  }
}

}  // namespace
}  // namespace motley
