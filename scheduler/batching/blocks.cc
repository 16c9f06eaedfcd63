#include "scheduler/batching/blocks.h"

#include <algorithm>
#include <functional>

namespace motley {

BlockLedger::BlockLedger(int blocks, int block_tokens)
    : total_(std::max(blocks, 0)), block_tokens_(std::max(block_tokens, 1)) {
  for (int32_t block = total_ - 1; block >= 0; --block) free_.push_back(block);
}

int BlockLedger::BlocksFor(int64_t tokens) const {
  return static_cast<int>((tokens + block_tokens_ - 1) / block_tokens_);
}

int64_t BlockLedger::TokensWithin(const std::vector<int32_t>& held) const {
  return static_cast<int64_t>(held.size() + free_.size()) * block_tokens_;
}

bool BlockLedger::Grow(std::vector<int32_t>& held, int64_t tokens) {
  const int missing = BlocksFor(tokens) - static_cast<int>(held.size());
  if (missing > free()) return false;
  for (int i = 0; i < missing; ++i) {
    held.push_back(free_.back());
    free_.pop_back();
  }
  return true;
}

void BlockLedger::Release(std::vector<int32_t>& held) {
  free_.insert(free_.end(), held.begin(), held.end());
  held.clear();
  std::sort(free_.begin(), free_.end(), std::greater<>());
}

}  // namespace motley
