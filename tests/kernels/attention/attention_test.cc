#include "kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "kernels/dequantize/half.h"
#include "tests/kernels/levels.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

struct Shape {
  int heads, kv_heads, head_dim, block_tokens, window = 0;
  TensorType cache = TensorType::kF16;
};

// Sequences whose whole history lies in a paged cache with shuffled blocks, and a query for every
// position.
//
//   sequence 0: block_table row 0 -> blocks 7 2 5 ...
//   sequence 1: block_table row 1 -> blocks 0 9 3 ...
class World {
 public:
  World(const Shape& shape, std::vector<int> lengths)
      : shape_(shape), lengths_(std::move(lengths)) {
    const int longest = *std::ranges::max_element(lengths_);
    table_cols_ = (longest + shape.block_tokens - 1) / shape.block_tokens;
    blocks_.resize(lengths_.size() * static_cast<size_t>(table_cols_));
    std::iota(blocks_.begin(), blocks_.end(), 0);
    std::shuffle(blocks_.begin(), blocks_.end(), std::mt19937(7));
    k_ = MakeCache(1);
    v_ = MakeCache(2);
    for (size_t s = 0; s < lengths_.size(); ++s) {
      queries_.push_back(
          RandomValues(int64_t{lengths_[s]} * Cols(), 10 + static_cast<uint32_t>(s)));
    }
  }

  int64_t Cols() const { return int64_t{shape_.heads} * shape_.head_dim; }
  int sequences() const { return static_cast<int>(lengths_.size()); }
  int length(int sequence) const { return lengths_[static_cast<size_t>(sequence)]; }

  struct RowId {
    int sequence, position;
  };
  // y of these rows, computed as one batch.
  std::vector<float> Attend(const std::vector<RowId>& rows, CpuKernel<op::Attention> kernel,
                            Team& team) {
    std::vector<float> q, y(rows.size() * static_cast<size_t>(Cols()), NAN);
    std::vector<int32_t> positions, sequences;
    for (const RowId& row : rows) {
      positions.push_back(row.position);
      sequences.push_back(row.sequence);
      const float* from =
          queries_[static_cast<size_t>(row.sequence)].data() + row.position * Cols();
      q.insert(q.end(), from, from + Cols());
    }
    const auto count = static_cast<int64_t>(rows.size());
    op::Attention<Tensor> call{
        DenseTensor(q, count, Cols()), CacheTensor(k_),        CacheTensor(v_),
        IndexTensor(positions),        IndexTensor(sequences), IndexTensor(blocks_),
        DenseTensor(y, count, Cols())};
    call.block_table.rows = sequences_count();
    call.block_table.cols = call.block_table.stride = table_cols_;
    call.heads = shape_.heads;
    call.kv_heads = shape_.kv_heads;
    call.head_dim = shape_.head_dim;
    call.block_tokens = shape_.block_tokens;
    call.window = shape_.window;
    call.scale = 4.0f / std::sqrt(static_cast<float>(shape_.head_dim));
    kernel(call, team);
    return y;
  }

  std::vector<RowId> RowsOf(int sequence, int first, int last) const {
    std::vector<RowId> rows;
    for (int p = first; p < last; ++p) rows.push_back({sequence, p});
    return rows;
  }

 private:
  int64_t sequences_count() const { return static_cast<int64_t>(lengths_.size()); }

  std::vector<uint8_t> MakeCache(uint32_t seed) const {
    const auto count = static_cast<int64_t>(blocks_.size()) * shape_.kv_heads *
                       shape_.block_tokens * shape_.head_dim;
    const std::vector<float> values = RandomValues(count, seed);
    std::vector<uint8_t> bytes(static_cast<size_t>(count) *
                               (shape_.cache == TensorType::kF16 ? 2 : 4));
    for (size_t i = 0; i < values.size(); ++i) {
      const uint16_t half = FloatToHalf(values[i]);
      if (shape_.cache == TensorType::kF16) std::memcpy(&bytes[2 * i], &half, 2);
      if (shape_.cache == TensorType::kF32) std::memcpy(&bytes[4 * i], &values[i], 4);
    }
    return bytes;
  }

  Tensor CacheTensor(std::vector<uint8_t>& bytes) const {
    Tensor t;
    t.handle = bytes.data();
    t.type = shape_.cache;
    t.rows = static_cast<int64_t>(blocks_.size()) * shape_.kv_heads * shape_.block_tokens;
    t.cols = t.stride = shape_.head_dim;
    return t;
  }

  Shape shape_;
  std::vector<int> lengths_;
  int table_cols_ = 0;
  std::vector<int32_t> blocks_;
  std::vector<uint8_t> k_, v_;
  std::vector<std::vector<float>> queries_;
};

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> Part(const std::vector<float>& all, int64_t first, int64_t last, int64_t cols) {
  return {all.begin() + first * cols, all.begin() + last * cols};
}

std::vector<CpuLevel> FastLevels() {
  std::vector<CpuLevel> levels = LevelsHere();
  std::erase_if(levels, [](CpuLevel level) { return level < CpuLevel::kAvx2; });
  return levels;
}

TEST(Attention, AgreesWithTheReferenceForAllShapesOfHeads) {
  SoloTeam team;
  for (const Shape& shape :
       {Shape{9, 3, 64, 16}, Shape{4, 1, 256, 32, 100}, Shape{8, 8, 128, 16},
        Shape{14, 2, 64, 48, 33}, Shape{6, 2, 80, 16}, Shape{4, 2, 96, 32}, Shape{3, 1, 8, 16},
        Shape{2, 1, 37, 5}, Shape{9, 3, 64, 16, 0, TensorType::kF32},
        Shape{2, 1, 37, 5, 7, TensorType::kF32}, Shape{128, 1, 16, 16}}) {
    World world(shape, {300, 70});
    auto rows = world.RowsOf(0, 250, 300);
    const auto second = world.RowsOf(1, 0, 70);
    rows.insert(rows.end(), second.begin(), second.end());
    const auto expected = world.Attend(rows, AttentionRef, team);
    for (const CpuLevel level : FastLevels()) {
      const auto got = world.Attend(rows, AttentionKernel(level), team);
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(got[i], expected[i], 2e-6)
            << CpuLevelName(level) << " head_dim " << shape.head_dim << " value " << i;
      }
    }
  }
}

// positions 0 ........................ 599, as one batch, as chunks 0-99 100-356 357-599, and one
// by one
TEST(Attention, GivesAPromptTheSameBitsWhateverItsChunks) {
  for (const int window : {0, 130}) {
    World world({6, 2, 64, 16, window}, {600});
    ThreadTeam team(3);
    for (const CpuLevel level : FastLevels()) {
      const auto kernel = AttentionKernel(level);
      const auto whole = world.Attend(world.RowsOf(0, 0, 600), kernel, team);
      for (const auto& [first, last] : {std::pair(0, 100), {100, 357}, {357, 600}}) {
        EXPECT_TRUE(SameBits(world.Attend(world.RowsOf(0, first, last), kernel, team),
                             Part(whole, first, last, world.Cols())))
            << CpuLevelName(level) << " rows " << first << " to " << last;
      }
      for (int p = 0; p < 600; p += 7) {
        ASSERT_TRUE(SameBits(world.Attend(world.RowsOf(0, p, p + 1), kernel, team),
                             Part(whole, p, p + 1, world.Cols())))
            << CpuLevelName(level) << " position " << p;
      }
    }
  }
}

TEST(Attention, GivesSixteenSequencesTheSameBitsTogetherAndAlone) {
  std::vector<int> lengths;
  for (int i = 0; i < 16; ++i) lengths.push_back(1 + i * 37);
  World world({9, 3, 64, 32}, lengths);
  ThreadTeam team(2);
  SoloTeam alone;
  std::vector<World::RowId> last_rows;
  for (int s = 0; s < world.sequences(); ++s) last_rows.push_back({s, world.length(s) - 1});
  for (const CpuLevel level : FastLevels()) {
    const auto kernel = AttentionKernel(level);
    const auto together = world.Attend(last_rows, kernel, team);
    for (int s = 0; s < world.sequences(); ++s) {
      EXPECT_TRUE(SameBits(world.Attend({last_rows[static_cast<size_t>(s)]}, kernel, alone),
                           Part(together, s, s + 1, world.Cols())))
          << CpuLevelName(level) << " sequence " << s;
    }
  }
}

TEST(Attention, GivesTheSameBitsOnAnyNumberOfThreads) {
  World world({4, 1, 128, 16}, {1100});
  SoloTeam alone;
  for (const CpuLevel level : FastLevels()) {
    const auto kernel = AttentionKernel(level);
    for (const auto& rows : {world.RowsOf(0, 1099, 1100), world.RowsOf(0, 900, 1100)}) {
      const auto expected = world.Attend(rows, kernel, alone);
      for (const int threads : {2, 5, 16}) {
        ThreadTeam team(threads);
        EXPECT_TRUE(SameBits(world.Attend(rows, kernel, team), expected))
            << CpuLevelName(level) << " on " << threads << " threads";
      }
    }
  }
}

}  // namespace
}  // namespace motley
