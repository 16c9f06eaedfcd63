#pragma once
// The loop both tokenisers share: of all neighbouring pairs that may be merged, merge the one of
// lowest rank (the leftmost of equals) until none is left. O(n log n) in the symbols. Reused from
// word to word to keep its memory; one thread at a time.

#include <cstdint>
#include <limits>
#include <vector>

#include "engine/tokenizer/merging/merge_queue.h"

namespace motley {

inline constexpr uint32_t kNeverMerged = std::numeric_limits<uint32_t>::max();

class Merger {
 public:
  struct Merge {
    uint32_t rank = kNeverMerged;
    int32_t symbol = -1;  // what the two become
  };

  void Clear() { nodes_.clear(); }
  void Add(int32_t symbol) {
    const auto at = static_cast<int32_t>(nodes_.size());
    nodes_.push_back({at - 1, at + 1, symbol, {}});
  }

  // `pair_of(left, right)` gives the Merge of two nodes that are neighbours now; 2^31 - 1 nodes at
  // most.
  template <class PairOf>
  void Run(const PairOf& pair_of);

  // The nodes that are left, in order: `for (int32_t i = 0; i < size(); i = Next(i))`. Node i began
  // as the i-th symbol added and reaches up to the beginning of Next(i).
  int32_t size() const { return static_cast<int32_t>(nodes_.size()); }
  int32_t Next(int32_t node) const { return nodes_[node].next; }
  int32_t SymbolAt(int32_t node) const { return nodes_[node].symbol; }

 private:
  struct Node {
    int32_t prev;
    int32_t next;
    int32_t symbol;
    Merge with_next;
  };
  template <class PairOf>
  void Look(int32_t node, const PairOf& pair_of) {
    Node& n = nodes_[node];
    n.with_next = n.next < size() ? pair_of(node, n.next) : Merge{};
  }
  template <class Queue>
  void Push(int32_t node, Queue* queue) const {
    const uint32_t rank = nodes_[node].with_next.rank;
    if (rank != kNeverMerged) queue->Push({rank, node});
  }
  template <class PairOf, class Queue>
  void RunWith(const PairOf& pair_of, Queue* queue);
  void Join(int32_t left);

  std::vector<Node> nodes_;
  HeapQueue heap_;
};

inline void Merger::Join(int32_t left) {
  Node& l = nodes_[left];
  Node& r = nodes_[l.next];
  l.symbol = l.with_next.symbol;
  r.with_next.rank = kNeverMerged;
  l.next = r.next;
  if (r.next < size()) nodes_[r.next].prev = left;
}

template <class PairOf, class Queue>
void Merger::RunWith(const PairOf& pair_of, Queue* queue) {
  for (int32_t node = 0; node < size(); ++node) {
    Look(node, pair_of);
    Push(node, queue);
  }
  while (!queue->empty()) {
    const MergeCandidate best = queue->Pop();
    // What was pushed earlier may be true no longer.
    if (nodes_[best.node].with_next.rank != best.rank) continue;
    Join(best.node);
    for (int32_t node : {best.node, nodes_[best.node].prev}) {
      if (node < 0) continue;
      Look(node, pair_of);
      Push(node, queue);
    }
  }
}

template <class PairOf>
void Merger::Run(const PairOf& pair_of) {
  constexpr int32_t kLongWord = 4096;
  if (size() < kLongWord) return RunWith(pair_of, &heap_);
  BucketQueue buckets;
  RunWith(pair_of, &buckets);
}

}  // namespace motley
