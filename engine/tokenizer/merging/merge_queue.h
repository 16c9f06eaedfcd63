#pragma once
// Which pair to merge next: lowest rank first, leftmost node among equals. Two queues of one
// behaviour, for Merger; one thread at a time.

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace motley {

struct MergeCandidate {
  uint32_t rank;
  int32_t node;
};

// One heap: quickest for a word of everyday length.
class HeapQueue {
 public:
  bool empty() const { return keys_.empty(); }
  void Push(MergeCandidate candidate);
  MergeCandidate Pop();  // not when empty

 private:
  std::vector<uint64_t> keys_;  // rank above node: the order in one comparison
};

// A list for each rank. Nodes come mostly in rising order, so that a word of millions of symbols
// takes a few steps for each where one heap would walk through all of its memory.
class BucketQueue {
 public:
  bool empty() const { return ranks_.empty(); }
  void Push(MergeCandidate candidate);
  MergeCandidate Pop();  // not when empty

 private:
  struct Bucket {
    std::vector<int32_t> rising;
    size_t front = 0;           // of `rising`: the first that is still there
    std::vector<int32_t> late;  // a heap of those that came out of order

    bool empty() const { return front == rising.size() && late.empty(); }
    void Push(int32_t node);
    int32_t Pop();
  };
  std::unordered_map<uint32_t, Bucket> buckets_;
  std::vector<uint32_t> ranks_;  // a heap of the ranks whose buckets are not empty
};

}  // namespace motley
