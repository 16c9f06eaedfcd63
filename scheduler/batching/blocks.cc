#include "scheduler/batching/blocks.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace motley {

BlockLedger::BlockLedger(int blocks, int block_tokens)
    : total_(std::max(blocks, 0)), block_tokens_(std::max(block_tokens, 1)) {
  free_.resize(static_cast<size_t>(total_));
  std::iota(free_.begin(), free_.end(), 0);  // ascending is a heap already
}

int64_t BlockLedger::TokensWithin(const std::vector<int32_t>& held) const {
  return static_cast<int64_t>(held.size() + free_.size()) * block_tokens_;
}

bool BlockLedger::Grow(std::vector<int32_t>& held, int64_t tokens) {
  const int missing = BlocksFor(tokens) - static_cast<int>(held.size());
  if (missing > free()) return false;
  for (int i = 0; i < missing; ++i) {
    std::pop_heap(free_.begin(), free_.end(), std::greater<>());
    held.push_back(free_.back());
    free_.pop_back();
  }
  return true;
}

void BlockLedger::Release(std::vector<int32_t>& held) {
  for (const int32_t block : held) {
    free_.push_back(block);
    std::push_heap(free_.begin(), free_.end(), std::greater<>());
  }
  held.clear();
}

}  // namespace motley
