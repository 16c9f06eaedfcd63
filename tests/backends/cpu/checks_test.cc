#include "backends/cpu/checks.h"

#include <gtest/gtest.h>

#include <vector>

namespace motley {
namespace {

Tensor Dense(TensorType type, int64_t rows, int64_t cols) {
  Tensor t;
  t.type = type;
  t.rows = rows;
  t.cols = t.stride = cols;
  return t;
}
Tensor F32(int64_t rows, int64_t cols) { return Dense(TensorType::kF32, rows, cols); }
Tensor I32(int64_t rows, int64_t cols = 1) { return Dense(TensorType::kI32, rows, cols); }
Tensor Packed(TensorType type, int64_t rows, int64_t cols) {
  Tensor t = Dense(type, rows, cols);
  t.layout = Layout::kDevice;
  return t;
}

op::MulMat<Tensor> GoodMulMat() {
  op::MulMat<Tensor> call;
  call.x = F32(3, 64);
  call.products[0] = {Packed(TensorType::kQ4_0, 10, 64), F32(1, 10), F32(3, 10)};
  return call;
}

op::Attention<Tensor> GoodAttention() {
  op::Attention<Tensor> call;
  call.heads = 4, call.kv_heads = 2, call.head_dim = 16, call.block_tokens = 8;
  call.q = call.y = F32(2, 64);
  call.k_cache = call.v_cache = Dense(TensorType::kF16, 5 * 2 * 8, 16);
  call.positions = call.sequences = I32(2);
  call.block_table = I32(1, 3);
  return call;
}

// Refused, with a reason that names `what`.
void ExpectRefused(const OpCall& call, const char* what) {
  const Status status = CheckShapes(call);
  ASSERT_FALSE(status.ok()) << what;
  EXPECT_EQ(status.error().code, Code::kUnsupported);
  EXPECT_NE(status.error().message.find(what), std::string::npos) << status.error().message;
}

TEST(CheckShapes, TakesCallsWithoutMemory) {
  EXPECT_TRUE(CheckShapes(GoodMulMat()).ok());
  EXPECT_TRUE(CheckShapes(GoodAttention()).ok());
  EXPECT_TRUE(CheckShapes(op::GetRows<Tensor>{F32(9, 7), I32(2), F32(2, 7)}).ok());
  EXPECT_TRUE(CheckShapes(op::Add<Tensor>{F32(2, 7), F32(2, 7), F32(2, 7)}).ok());
}

TEST(CheckShapes, RefusesWhatMulMatCannotMultiply) {
  auto call = GoodMulMat();
  call.products[0].weight.layout = Layout::kDense;
  ExpectRefused(call, "LoadWeight");
  call = GoodMulMat();
  call.products[0].weight.cols = 32;
  ExpectRefused(call, "weight is 10 x 32");
  call = GoodMulMat();
  call.products[0].y.cols = 11;
  ExpectRefused(call, "y is 3 x 11");
  call = GoodMulMat();
  call.products[0].bias.cols = 9;
  ExpectRefused(call, "bias");
  call = GoodMulMat();
  call.count = 4;
  ExpectRefused(call, "4 products");
  call = GoodMulMat();
  call.x.type = TensorType::kF16;
  ExpectRefused(call, "x is F16");
}

TEST(CheckShapes, RefusesHeadsAndCachesThatDoNotFit) {
  auto call = GoodAttention();
  call.heads = 3;
  ExpectRefused(call, "3 heads");
  call = GoodAttention();
  call.k_cache.type = TensorType::kBF16;
  ExpectRefused(call, "BF16");
  call = GoodAttention();
  call.k_cache.rows = 33;
  ExpectRefused(call, "k_cache");
  call = GoodAttention();
  call.block_tokens = 0;
  ExpectRefused(call, "positive");
  call = GoodAttention();
  call.positions = I32(1);
  ExpectRefused(call, "positions");
}

TEST(CheckShapes, RefusesRopeBeyondTheHeadAndNormsThatDoNotDivide) {
  op::Rope<Tensor> rope;
  rope.x = F32(1, 64);
  rope.positions = I32(1);
  rope.head_dim = 32;
  rope.rotated = 34;
  ExpectRefused(rope, "rotated 34");
  rope.rotated = 7;
  ExpectRefused(rope, "rotated 7");
  ExpectRefused(op::RmsNorm<Tensor>{F32(1, 64), F32(1, 48), F32(1, 64)}, "48");
}

class CheckDataTest : public testing::Test {
 protected:
  Tensor With(Tensor t, std::vector<int32_t>& values) {
    t.handle = values.data();
    return t;
  }
  Tensor Memory(Tensor t) {
    t.handle = bytes_;
    return t;
  }
  op::Attention<Tensor> Attention() {
    auto call = GoodAttention();
    call.q = call.y = Memory(call.q);
    call.k_cache = call.v_cache = Memory(call.k_cache);
    call.positions = With(call.positions, positions_);
    call.sequences = With(call.sequences, sequences_);
    call.block_table = With(call.block_table, blocks_);
    return call;
  }
  void ExpectInvalid(const OpCall& call, const char* field) {
    const Status status = CheckData(call);
    ASSERT_FALSE(status.ok()) << field;
    EXPECT_EQ(status.error().code, Code::kInvalidArgument);
    EXPECT_EQ(status.error().field, field);
  }

  std::byte bytes_[64];
  std::vector<int32_t> positions_ = {16, 17}, sequences_ = {0, 0}, blocks_ = {4, 0, 2};
};

TEST_F(CheckDataTest, RefusesAnOperandWithoutMemory) { ExpectInvalid(GoodMulMat(), "handle"); }

TEST_F(CheckDataTest, RefusesPositionsSequencesAndBlocksOutsideTheirTables) {
  EXPECT_TRUE(CheckData(Attention()).ok());
  positions_[1] = 24;
  ExpectInvalid(Attention(), "positions");
  positions_[1] = -1;
  ExpectInvalid(Attention(), "positions");
  positions_[1] = 17;
  sequences_[0] = 1;
  ExpectInvalid(Attention(), "sequences");
  sequences_[0] = 0;
  blocks_[1] = 5;
  ExpectInvalid(Attention(), "block_table");
}

TEST_F(CheckDataTest, DoesNotReadBlocksBeforeTheWindow) {
  blocks_[0] = -1;
  auto call = Attention();
  ExpectInvalid(call, "block_table");
  call.window = 9;  // of position 16: 8 to 16
  EXPECT_TRUE(CheckData(call).ok());
}

TEST_F(CheckDataTest, RefusesIdsBeyondTheTable) {
  std::vector<int32_t> ids = {8, 9};
  const op::GetRows<Tensor> call{Memory(F32(9, 1)), With(I32(2), ids), Memory(F32(2, 1))};
  ExpectInvalid(call, "ids");
  ids[1] = 0;
  EXPECT_TRUE(CheckData(call).ok());
}

}  // namespace
}  // namespace motley
