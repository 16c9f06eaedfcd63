#pragma once
// One tile of cached keys and values as floats in the order that the products want, over the vector
// of the including file. The cost is that of reading the cache once, shared by all rows that attend
// to the tile. Unnamed namespace.

#include <cstring>

#include "kernels/attention/paged.h"

namespace motley {
namespace {

// Positions of a tile; tiles start at multiples of it.
inline constexpr int kTile = 64;

// Where the rows of a tile's positions lie in a cache, in values; -1: the tile has no such
// position.
struct TileRows {
  int64_t at[kTile];
};

// Positions [first, last) of the tile that starts at `start` exist.
inline TileRows FindTileRows(const op::Attention<Tensor>& call, const int32_t* blocks,
                             int64_t kv_head, int64_t start, int64_t first, int64_t last) {
  TileRows rows;
  for (int64_t& at : rows.at) at = PagedIndex(call, blocks, first, kv_head);
  for (int64_t p = first; p < last;) {
    // A division a block, not a position.
    const int64_t in_block = std::min<int64_t>(last - p, call.block_tokens - p % call.block_tokens);
    const int64_t at = PagedIndex(call, blocks, p, kv_head);
    for (int64_t i = 0; i < in_block; ++i) rows.at[p + i - start] = at + i * call.head_dim;
    p += in_block;
  }
  return rows;
}

struct HalfCache {
  const uint16_t* values;
  Vec Get(int64_t at) const { return LoadHalf(values + at); }
  void Prefetch(int64_t at) const { _mm_prefetch(values + at, _MM_HINT_T1); }
  Vec GetFirst(int64_t at, int n) const {
    uint16_t some[kLanes] = {};
    std::memcpy(some, values + at, static_cast<size_t>(n) * sizeof(uint16_t));
    return LoadHalf(some);
  }
};
struct FloatCache {
  const float* values;
  Vec Get(int64_t at) const { return Load(values + at); }
  void Prefetch(int64_t at) const { _mm_prefetch(values + at, _MM_HINT_T1); }
  Vec GetFirst(int64_t at, int n) const { return LoadFirst(values + at, n); }
};

// out[i * kTile + p] = value i of position p: vectors along the positions. The same rows of the
// `next` tile are fetched meanwhile: a decode step is bound by memory, and blocks are too short for
// the CPU to see where it goes.
template <class Cache>
inline void PackKeys(const Cache& cache, const TileRows& rows, const TileRows& next, int head_dim,
                     int positions, float* out) {
  for (int p = 0; p < positions; p += kLanes) {
    Vec square[kLanes];
    int i = 0;
    for (; i + kLanes <= head_dim; i += kLanes) {
#pragma GCC unroll 16
      for (int j = 0; j < kLanes; ++j) {
        square[j] = cache.Get(rows.at[p + j] + i);
        cache.Prefetch(next.at[p + j] + i);
      }
      Transpose(square);
#pragma GCC unroll 16
      for (int j = 0; j < kLanes; ++j) Store(out + (i + j) * kTile + p, square[j]);
    }
    const int rest = head_dim - i;
    if (rest == 0) continue;
    for (int j = 0; j < kLanes; ++j) square[j] = cache.GetFirst(rows.at[p + j] + i, rest);
    Transpose(square);
    for (int j = 0; j < rest; ++j) Store(out + (i + j) * kTile + p, square[j]);
  }
}

// out[p * stride + i] = value i of position p, zeros from head_dim to the stride.
template <class Cache>
inline void PackValues(const Cache& cache, const TileRows& rows, const TileRows& next, int head_dim,
                       int64_t stride, int positions, float* out) {
  for (int p = 0; p < positions; ++p, out += stride) {
    int i = 0;
    for (; i + kLanes <= head_dim; i += kLanes) {
      Store(out + i, cache.Get(rows.at[p] + i));
      cache.Prefetch(next.at[p] + i);
    }
    if (i < head_dim) Store(out + i, cache.GetFirst(rows.at[p] + i, head_dim - i));
  }
}

}  // namespace
}  // namespace motley
