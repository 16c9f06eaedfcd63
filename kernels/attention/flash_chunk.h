#pragma once
// Online softmax of a few rows over one chunk of positions, and the merge of chunks, over the
// vector of the including file. What one row computes depends on its own query and position alone:
// tiles and chunks start at fixed positions, every sum is a chain in rising position, and positions
// that a row does not see add exact zeros. Unnamed namespace.
//
// "Lines" are the (row, query head) pairs of a work item, all on one kv head: line = row * group +
// head of the group. Scores are in units of log2, scaled with the query, so that the softmax is
// powers of two.

#include "kernels/attention/flash_pack.h"
#include "kernels/vector/math.h"
#include "kernels/vector/small_gemm.h"

namespace motley {
namespace {

// Positions of a chunk, a multiple of kTile: what one thread takes of a long context when there are
// few rows.
inline constexpr int64_t kChunk = 256;
inline constexpr float kNoScore =
    -1e30f;  // the maximum of no scores: finite, so that differences are never NaN

// Chains of a line's sum, whatever the vector: position p is in chain p % 16.
inline constexpr int kSumChains = 16;
inline constexpr int kSumVectors = kSumChains / kLanes;

// Running softmax of `lines` lines. An empty one has sum 0 and is the neutral element of Merge.
struct Partial {
  float* largest;  // [lines]
  float* sums;     // [lines][kSumChains], a line's sum is that of the chains
  float* values;   // [lines][stride], not yet divided by the sum
};
inline int64_t PartialFloats(int64_t lines, int64_t stride) {
  return (lines + kLanes - 1) / kLanes * kLanes + lines * (kSumChains + stride);
}
inline Partial PartialAt(float* memory, int64_t lines) {
  float* sums = memory + (lines + kLanes - 1) / kLanes * kLanes;
  return {memory, sums, sums + lines * kSumChains};
}

// Some rows of one sequence with the heads of one kv head.
struct WorkItem {
  int64_t first_row = 0;
  int rows = 0;
  int64_t kv_head = 0;
  int64_t low = 0, high = 0;  // least and greatest position of the rows
};

// Positions [first, last) that a line sees.
struct Span {
  int32_t first, last;
};

// A thread's memory.
struct Workspace {
  Span* spans;     // [lines]
  float* queries;  // [lines][head_dim], scaled
  float* keys;     // [head_dim][kTile]
  float* cached;   // [kTile][stride]: values
  float* scores;   // [kGemmRows][kTile]
  Partial chunk, total;
};

struct Flash {
  const op::Attention<Tensor>& call;
  const int group;       // query heads of a kv head
  const int64_t stride;  // head_dim rounded up to whole vectors

  int Lines(const WorkItem& item) const { return item.rows * group; }
  // Column of the line's head in q and y.
  int64_t ColumnOf(const WorkItem& item, int line) const {
    return (item.kv_head * group + line % group) * call.head_dim;
  }
};

inline void Clear(const Partial& p, int lines, int64_t stride) {
  for (int i = 0; i < lines; ++i) p.largest[i] = kNoScore;
  std::memset(p.sums, 0, static_cast<size_t>(lines) * kSumChains * sizeof(float));
  std::memset(p.values, 0, static_cast<size_t>(lines * stride) * sizeof(float));
}

// What the lines ask for and where they may look, once per item.
inline void PackQueries(const Flash& f, const WorkItem& item, const Workspace& w) {
  const float scale = f.call.scale * 1.44269504f;
  float* out = w.queries;
  for (int line = 0; line < f.Lines(item); ++line, out += f.call.head_dim) {
    const int64_t row = item.first_row + line / f.group;
    const int32_t position = Index(f.call.positions, row);
    w.spans[line] = {static_cast<int32_t>(WindowStart(f.call, position)), position + 1};
    const float* q = Row(f.call.q, row) + f.ColumnOf(item, line);
    for (int i = 0; i < f.call.head_dim; ++i) out[i] = q[i] * scale;
  }
}

inline void ScaleLine(float* values, int64_t stride, float factor) {
  for (int64_t i = 0; i < stride; i += kLanes) {
    Store(values + i, Mul(Load(values + i), Set(factor)));
  }
}

// Scores of one line become weights; positions outside [first, last) of the tile weigh 0. `vectors`
// are written.
inline void SoftmaxLine(float* scores, int vectors, int64_t first, int64_t last, int line,
                        const Partial& p, int64_t stride) {
  Vec largest = Set(p.largest[line]);
  for (int v = 0; v < vectors; ++v) {
    const Mask seen = LanesBetween(first - v * kLanes, last - v * kLanes);
    largest = Max(largest, Select(seen, Load(scores + v * kLanes), Set(kNoScore)));
  }
  const float now = Largest(largest);
  float* line_sums = p.sums + line * kSumChains;
  Vec sums[kSumVectors];
  for (int s = 0; s < kSumVectors; ++s) sums[s] = Load(line_sums + s * kLanes);
  if (now != p.largest[line]) {
    const float factor = First(Exp2(Set(p.largest[line] - now)));
    p.largest[line] = now;
    for (Vec& sum : sums) sum = Mul(sum, Set(factor));
    ScaleLine(p.values + line * stride, stride, factor);
  }
  for (int v = 0; v < vectors; ++v) {
    const Mask seen = LanesBetween(first - v * kLanes, last - v * kLanes);
    const Vec weight = Keep(seen, Exp2(Sub(Load(scores + v * kLanes), Set(now))));
    Store(scores + v * kLanes, weight);
    sums[v % kSumVectors] = Add(sums[v % kSumVectors], weight);
  }
  for (int s = 0; s < kSumVectors; ++s) Store(line_sums + s * kLanes, sums[s]);
}

// Up to kGemmRows lines against the packed tile that starts at `start`.
inline void AttendLines(const Flash& f, const Workspace& w, const Partial& into, int first_line,
                        int lines, int64_t start) {
  const Span* spans = w.spans + first_line;
  const auto first = [&](int i) { return std::max<int64_t>(spans[i].first - start, 0); };
  const auto last = [&](int i) { return std::min<int64_t>(spans[i].last - start, kTile); };
  int64_t low = kTile, high = 0;  // seen by any of the lines
  for (int i = 0; i < lines; ++i) {
    if (first(i) >= last(i)) continue;
    low = std::min(low, first(i));
    high = std::max(high, last(i));
  }
  if (low >= high) return;
  const int vectors = static_cast<int>((high + kLanes - 1) / kLanes);
  SmallGemm<GemmStart::kZero>(
      {w.queries + first_line * f.call.head_dim, f.call.head_dim, w.keys, kTile, w.scores, kTile},
      lines, vectors, 0, f.call.head_dim);
  for (int i = 0; i < lines; ++i) {
    SoftmaxLine(w.scores + i * kTile, vectors, first(i), last(i), first_line + i, into, f.stride);
  }
  SmallGemm<GemmStart::kC>(
      {w.scores, kTile, w.cached, f.stride, into.values + first_line * f.stride, f.stride}, lines,
      static_cast<int>(f.stride / kLanes), low, high);
}

template <class Cache>
inline void PackTile(const Flash& f, const Cache& keys, const Cache& values, const TileRows& rows,
                     const TileRows& next, int positions, const Workspace& w) {
  PackKeys(keys, rows, next, f.call.head_dim, positions, w.keys);
  PackValues(values, rows, next, f.call.head_dim, f.stride, positions, w.cached);
}

// The item's lines over the positions of chunk number `chunk`. Queries are packed.
inline void AttendChunk(const Flash& f, const WorkItem& item, int64_t chunk, const Workspace& w,
                        const Partial& into) {
  const op::Attention<Tensor>& call = f.call;
  const int lines = f.Lines(item);
  Clear(into, lines, f.stride);
  const int32_t* blocks = Row<int32_t>(call.block_table, Index(call.sequences, item.first_row));
  const int64_t lowest = WindowStart(call, item.low);
  const int64_t first = std::max(lowest, chunk * kChunk);
  const int64_t last = std::min(item.high + 1, (chunk + 1) * kChunk);
  const auto find = [&](int64_t start) {
    return FindTileRows(call, blocks, item.kv_head, start, std::max(lowest, start),
                        std::min(item.high + 1, start + kTile));
  };
  int64_t start = first / kTile * kTile;
  TileRows rows = find(start);
  for (; start < last; start += kTile) {
    const int64_t after = start + kTile;
    const TileRows next = after <= item.high ? find(after) : rows;
    const int positions = static_cast<int>(std::min(last, after) - start);
    if (call.k_cache.type == TensorType::kF16) {
      PackTile(f, HalfCache{Row<uint16_t>(call.k_cache, 0)},
               HalfCache{Row<uint16_t>(call.v_cache, 0)}, rows, next, positions, w);
    } else {
      PackTile(f, FloatCache{Row(call.k_cache, 0)}, FloatCache{Row(call.v_cache, 0)}, rows, next,
               positions, w);
    }
    for (int line = 0; line < lines; line += kGemmRows) {
      AttendLines(f, w, into, line, std::min(kGemmRows, lines - line), start);
    }
    rows = next;
  }
}

// `into` += `from`, a chunk that follows it.
inline void Merge(const Partial& into, const Partial& from, int lines, int64_t stride) {
  for (int line = 0; line < lines; ++line) {
    if (from.largest[line] == kNoScore) continue;
    const float now = std::max(into.largest[line], from.largest[line]);
    const Vec a = Exp2(Set(into.largest[line] - now));
    const Vec b = Exp2(Set(from.largest[line] - now));
    into.largest[line] = now;
    const auto add = [&](float* to, const float* more) {
      Store(to, Fma(Load(to), a, Mul(Load(more), b)));
    };
    for (int64_t i = line * kSumChains; i < (line + 1) * kSumChains; i += kLanes) {
      add(into.sums + i, from.sums + i);
    }
    for (int64_t i = line * stride; i < (line + 1) * stride; i += kLanes) {
      add(into.values + i, from.values + i);
    }
  }
}

// Values over sums, to y.
inline void Finish(const Flash& f, const WorkItem& item, const Partial& p) {
  for (int line = 0; line < f.Lines(item); ++line) {
    const float* sums = p.sums + line * kSumChains;
    const Vec halves = kSumVectors == 1 ? Load(sums) : Add(Load(sums), Load(sums + kLanes));
    const Vec scale = Set(1.0f / Sum(halves));
    const float* values = p.values + line * f.stride;
    float* y = Row(f.call.y, item.first_row + line / f.group) + f.ColumnOf(item, line);
    for (int i = 0; i < f.call.head_dim; i += kLanes) {
      const Vec result = Mul(Load(values + i), scale);
      const int width = std::min(f.call.head_dim - i, kLanes);
      if (width == kLanes) {
        Store(y + i, result);
      } else {
        StoreFirst(y + i, result, width);
      }
    }
  }
}

}  // namespace
}  // namespace motley
