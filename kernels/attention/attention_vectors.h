#pragma once
// op::Attention over the vector of the including file: which rows, heads and chunks go together,
// and who computes them. None of these choices changes a bit of the result (see flash_chunk.h).
// Unnamed namespace.

#include <atomic>

#include "kernels/attention/flash_chunk.h"

namespace motley {
namespace {

// Lines of a work item: enough to hide the packing of a tile (5 / lines of the products' time), few
// enough for queries and sums to stay in a 1 MiB cache.
inline int64_t LinesPerItem(int head_dim) { return head_dim <= 128 ? 96 : 48; }
// Below this many items per thread, items are split by chunks.
inline constexpr int64_t kItemsPerThread = 4;

// The work items of kv head 0; the other heads have the same.
struct ItemList {
  WorkItem* items;
  int64_t count = 0;
  int64_t lines = 0;   // of the largest
  int64_t chunks = 0;  // of the longest
};

inline int64_t FirstChunk(const op::Attention<Tensor>& call, const WorkItem& item) {
  return WindowStart(call, item.low) / kChunk;
}
inline int64_t ChunksOf(const op::Attention<Tensor>& call, const WorkItem& item) {
  return item.high / kChunk - FirstChunk(call, item) + 1;
}

// `items` has room for one per row.
inline ItemList ListItems(const Flash& f, WorkItem* items) {
  ItemList list{items};
  const op::Attention<Tensor>& call = f.call;
  const int64_t rows_per_item = std::max<int64_t>(1, LinesPerItem(call.head_dim) / f.group);
  for (int64_t m = 0; m < call.q.rows;) {
    const int32_t sequence = Index(call.sequences, m);
    WorkItem item{.first_row = m, .low = Index(call.positions, m), .high = item.low};
    for (; m < call.q.rows && Index(call.sequences, m) == sequence && item.rows < rows_per_item;
         ++m, ++item.rows) {
      item.low = std::min<int64_t>(item.low, Index(call.positions, m));
      item.high = std::max<int64_t>(item.high, Index(call.positions, m));
    }
    list.lines = std::max<int64_t>(list.lines, f.Lines(item));
    list.chunks = std::max(list.chunks, ChunksOf(call, item));
    list.items[list.count++] = item;
  }
  return list;
}

inline WorkItem ItemAt(const ItemList& list, int64_t index, int64_t kv_heads) {
  WorkItem item = list.items[index / kv_heads];
  item.kv_head = index % kv_heads;
  return item;
}

inline int64_t WorkspaceFloats(const Flash& f, int64_t lines) {
  const auto padded = [](int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; };
  return padded(lines * f.call.head_dim) + padded(2 * lines) + int64_t{f.call.head_dim} * kTile +
         kTile * f.stride + kGemmRows * kTile + 2 * PartialFloats(lines, f.stride);
}
inline Workspace WorkspaceAt(const Flash& f, int64_t lines, float* memory) {
  Workspace w;
  w.keys = memory;
  w.cached = w.keys + int64_t{f.call.head_dim} * kTile;
  w.scores = w.cached + kTile * f.stride;
  float* partials = w.scores + kGemmRows * kTile;
  w.chunk = PartialAt(partials, lines);
  w.total = PartialAt(partials + PartialFloats(lines, f.stride), lines);
  w.spans = reinterpret_cast<Span*>(partials + 2 * PartialFloats(lines, f.stride));
  w.queries =
      partials + 2 * PartialFloats(lines, f.stride) + (2 * lines + kLanes - 1) / kLanes * kLanes;
  return w;
}

// body(task) for every task on whichever thread is free; the last first, as causal rows get longer.
template <class F>
inline void RunTasks(Team& team, int64_t tasks, F&& body) {
  if (tasks == 1) return body(0, 0);
  std::atomic<int64_t> left{tasks};
  team.Run([&](int thread) {
    for (int64_t task = --left; task >= 0; task = --left) body(thread, task);
  });
}

inline void AttendWhole(const Flash& f, const WorkItem& item, const Workspace& w) {
  PackQueries(f, item, w);
  const int64_t first = FirstChunk(f.call, item);
  // Merging into nothing changes no bit, so the first chunk goes straight to the total.
  AttendChunk(f, item, first, w, w.total);
  for (int64_t i = 1; i < ChunksOf(f.call, item); ++i) {
    AttendChunk(f, item, first + i, w, w.chunk);
    Merge(w.total, w.chunk, f.Lines(item), f.stride);
  }
  Finish(f, item, w.total);
}

// Chunks of an item in parallel, each to its place in `partials`; then merged in order.
inline void AttendSplit(const Flash& f, const ItemList& list, Team& team, float* workspaces,
                        float* partials) {
  const int64_t kv_heads = f.call.kv_heads;
  const int64_t size = PartialFloats(list.lines, f.stride);
  const int64_t per_thread = WorkspaceFloats(f, list.lines);
  RunTasks(team, list.count * kv_heads * list.chunks, [&](int thread, int64_t task) {
    const WorkItem item = ItemAt(list, task / list.chunks, kv_heads);
    const int64_t chunk = task % list.chunks;
    if (chunk >= ChunksOf(f.call, item)) return;
    const Workspace w = WorkspaceAt(f, list.lines, workspaces + thread * per_thread);
    PackQueries(f, item, w);
    AttendChunk(f, item, FirstChunk(f.call, item) + chunk, w,
                PartialAt(partials + task * size, list.lines));
  });
  RunTasks(team, list.count * kv_heads, [&](int thread, int64_t task) {
    const WorkItem item = ItemAt(list, task, kv_heads);
    const Workspace w = WorkspaceAt(f, list.lines, workspaces + thread * per_thread);
    Clear(w.total, f.Lines(item), f.stride);
    for (int64_t i = 0; i < ChunksOf(f.call, item); ++i) {
      const Partial chunk = PartialAt(partials + (task * list.chunks + i) * size, list.lines);
      Merge(w.total, chunk, f.Lines(item), f.stride);
    }
    Finish(f, item, w.total);
  });
}

inline void Attend(const op::Attention<Tensor>& call, Team& team) {
  const Flash f{call, call.heads / call.kv_heads, (call.head_dim + kLanes - 1) / kLanes * kLanes};
  const size_t list_bytes = static_cast<size_t>((call.q.rows * sizeof(WorkItem) + 63) / 64 * 64);
  // Scratch may move when it grows, so the list is made again in the final one.
  const ItemList sized = ListItems(f, reinterpret_cast<WorkItem*>(team.Scratch(list_bytes)));
  const int64_t tasks = sized.count * call.kv_heads;
  const bool split =
      team.threads() > 1 && sized.chunks > 1 && tasks < kItemsPerThread * team.threads();
  const int64_t per_thread = WorkspaceFloats(f, sized.lines);
  const int64_t partials = split ? tasks * sized.chunks * PartialFloats(sized.lines, f.stride) : 0;
  std::byte* scratch = team.Scratch(
      list_bytes + static_cast<size_t>(per_thread * team.threads() + partials) * sizeof(float));
  const ItemList list = ListItems(f, reinterpret_cast<WorkItem*>(scratch));
  auto* workspaces = reinterpret_cast<float*>(scratch + list_bytes);
  if (split) {
    AttendSplit(f, list, team, workspaces, workspaces + per_thread * team.threads());
    return;
  }
  RunTasks(team, tasks, [&](int thread, int64_t task) {
    AttendWhole(f, ItemAt(list, task, call.kv_heads),
                WorkspaceAt(f, list.lines, workspaces + thread * per_thread));
  });
}

}  // namespace
}  // namespace motley
