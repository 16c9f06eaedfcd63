#include <algorithm>
#include <cmath>
#include <string>

#include "backends/conformance/case.h"

namespace motley::conformance {
namespace {

// Rounding to nearest even is exact by IEEE 754.
constexpr double kStoreTolerance = 0;
// Dot products, exponentials and sums in float over a few hundred positions.
constexpr double kAttentionTolerance = 5e-5;

std::vector<int32_t> Shuffled(int32_t count, Random& random) {
  std::vector<int32_t> out;
  for (int32_t i = 0; i < count; ++i) out.push_back(i);
  for (size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[random.Next() % i]);
  return out;
}

struct StoreShape {
  int kv_heads, head_dim, block_tokens;
};

Case StoreCase(TensorType type, const StoreShape& s, int rows, Random& random) {
  const int blocks = (rows + s.block_tokens - 1) / s.block_tokens + 2;
  std::vector<int32_t> slots = Shuffled(blocks * s.block_tokens, random);
  slots.resize(static_cast<size_t>(rows));
  const int64_t cols = int64_t{s.kv_heads} * s.head_dim;
  const int64_t cache_rows = int64_t{blocks} * s.kv_heads * s.block_tokens;
  Case out;
  out.name = "M " + std::to_string(rows) + " head_dim " + std::to_string(s.head_dim);
  out.operands = {Padded(Values(Role::kInput, rows, cols, random)),
                  Padded(Values(Role::kInput, rows, cols, random)), Indices(slots),
                  Values(Role::kInOut, cache_rows, s.head_dim, random, type),
                  Values(Role::kInOut, cache_rows, s.head_dim, random, type)};
  out.call = [s](const Bind& t) -> OpCall {
    return op::StoreKv<Tensor>{t(0), t(1),       t(2),       t(3),
                               t(4), s.kv_heads, s.head_dim, s.block_tokens};
  };
  return out;
}

Suite StoreSuite(TensorType type) {
  Random random(400 + static_cast<uint64_t>(type));
  Suite suite{op::StoreKv<Tensor>::kName, type, kStoreTolerance, {}};
  for (const StoreShape& shape : {StoreShape{3, 64, 16}, {1, 256, 32}, {2, 37, 5}}) {
    for (const int rows : {1, 7, 33}) suite.cases.push_back(StoreCase(type, shape, rows, random));
  }
  return suite;
}

struct Heads {
  int heads, kv_heads, head_dim, block_tokens, window;
};
// Rows [first, last) of a sequence.
struct Rows {
  int first, last;
};

Case AttentionCase(TensorType type, const Heads& h, const std::vector<Rows>& sequences,
                   Random& random) {
  std::vector<int32_t> positions, of_sequence;
  int longest = 0;
  for (size_t s = 0; s < sequences.size(); ++s) {
    longest = std::max(longest, sequences[s].last);
    for (int p = sequences[s].first; p < sequences[s].last; ++p) {
      positions.push_back(p);
      of_sequence.push_back(static_cast<int32_t>(s));
    }
  }
  const int table_cols = (longest + h.block_tokens - 1) / h.block_tokens;
  const int blocks = table_cols * static_cast<int>(sequences.size());
  const auto rows = static_cast<int64_t>(positions.size());
  const int64_t cols = int64_t{h.heads} * h.head_dim;
  const int64_t cache_rows = int64_t{blocks} * h.kv_heads * h.block_tokens;
  Case out;
  out.name = "M " + std::to_string(rows) + " heads " + std::to_string(h.heads) + "/" +
             std::to_string(h.kv_heads) + " head_dim " + std::to_string(h.head_dim) + " window " +
             std::to_string(h.window);
  out.operands = {Padded(Values(Role::kInput, rows, cols, random)),
                  Values(Role::kInput, cache_rows, h.head_dim, random, type),
                  Values(Role::kInput, cache_rows, h.head_dim, random, type),
                  Indices(positions),
                  Indices(of_sequence),
                  Table(Shuffled(blocks, random), static_cast<int64_t>(sequences.size())),
                  Padded(Output(rows, cols))};
  out.call = [h](const Bind& t) -> OpCall {
    op::Attention<Tensor> call{t(0), t(1), t(2), t(3), t(4), t(5), t(6)};
    call.heads = h.heads;
    call.kv_heads = h.kv_heads;
    call.head_dim = h.head_dim;
    call.block_tokens = h.block_tokens;
    call.window = h.window;
    call.scale = 4.0f / std::sqrt(static_cast<float>(h.head_dim));
    return call;
  };
  return out;
}

// Rows: a decode step of three sequences, one around a block's border and a long one; a prefill
// beside a decode row; a chunk in the middle of a prompt.
Suite AttentionSuite(TensorType type) {
  Random random(410 + static_cast<uint64_t>(type));
  Suite suite{op::Attention<Tensor>::kName, type, kAttentionTolerance, {}};
  for (const Heads& heads : {Heads{9, 3, 64, 16, 0},
                             {9, 3, 64, 16, 20},
                             {4, 1, 256, 32, 100},
                             {8, 8, 128, 16, 0},
                             {4, 2, 80, 16, 0},
                             {4, 2, 96, 64, 33},
                             {2, 1, 37, 5, 0}}) {
    suite.cases.push_back(AttentionCase(type, heads, {{0, 1}, {15, 17}, {299, 300}}, random));
    suite.cases.push_back(AttentionCase(type, heads, {{0, 33}, {63, 64}}, random));
    suite.cases.push_back(AttentionCase(type, heads, {{90, 135}}, random));
  }
  return suite;
}

}  // namespace

std::vector<Suite> CacheSuites() {
  std::vector<Suite> suites;
  for (const TensorType type : {TensorType::kF16, TensorType::kF32}) {
    suites.push_back(StoreSuite(type));
    suites.push_back(AttentionSuite(type));
  }
  return suites;
}

}  // namespace motley::conformance
