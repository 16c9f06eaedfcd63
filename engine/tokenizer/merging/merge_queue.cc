#include "engine/tokenizer/merging/merge_queue.h"

#include <algorithm>
#include <functional>

namespace motley {
namespace {

template <class T>
void PushHeap(std::vector<T>* heap, T value) {
  heap->push_back(value);
  std::push_heap(heap->begin(), heap->end(), std::greater<>());
}

template <class T>
T PopHeap(std::vector<T>* heap) {
  std::pop_heap(heap->begin(), heap->end(), std::greater<>());
  const T value = heap->back();
  heap->pop_back();
  return value;
}

}  // namespace

void HeapQueue::Push(MergeCandidate candidate) {
  PushHeap(&keys_, uint64_t{candidate.rank} << 32 | static_cast<uint32_t>(candidate.node));
}

MergeCandidate HeapQueue::Pop() {
  const uint64_t key = PopHeap(&keys_);
  return {static_cast<uint32_t>(key >> 32), static_cast<int32_t>(key & 0xFFFFFFFFu)};
}

void BucketQueue::Bucket::Push(int32_t node) {
  if (front == rising.size()) {
    rising.clear();
    front = 0;
  }
  if (rising.empty() || node >= rising.back()) {
    rising.push_back(node);
  } else {
    PushHeap(&late, node);
  }
}

int32_t BucketQueue::Bucket::Pop() {
  if (front == rising.size() || (!late.empty() && late.front() < rising[front]))
    return PopHeap(&late);
  return rising[front++];
}

void BucketQueue::Push(MergeCandidate candidate) {
  Bucket& bucket = buckets_[candidate.rank];
  if (bucket.empty()) PushHeap(&ranks_, candidate.rank);
  bucket.Push(candidate.node);
}

MergeCandidate BucketQueue::Pop() {
  const uint32_t rank = ranks_.front();
  Bucket& bucket = buckets_[rank];
  const int32_t node = bucket.Pop();
  if (bucket.empty()) PopHeap(&ranks_);
  return {rank, node};
}

}  // namespace motley
