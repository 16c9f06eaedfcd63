#pragma once
// The ledger of KV blocks: numbers only, the memory is the worker's. Owned by the schedulers that
// take from it; one thread. Every block is either free or in exactly one sequence's list.

#include <cstdint>
#include <vector>

namespace motley {

class BlockLedger {
 public:
  BlockLedger(int blocks, int block_tokens);
  int total() const { return total_; }
  int free() const { return static_cast<int>(free_.size()); }
  // Blocks that `tokens` positions need.
  int BlocksFor(int64_t tokens) const {
    return static_cast<int>((tokens + block_tokens_ - 1) / block_tokens_);
  }
  // How many positions `held` and all free blocks could hold together.
  int64_t TokensWithin(const std::vector<int32_t>& held) const;
  // Extends `held` until it covers `tokens` positions; false, and nothing taken, when too few are
  // free.
  bool Grow(std::vector<int32_t>& held, int64_t tokens);
  // Takes them all back.
  void Release(std::vector<int32_t>& held);
  // What running requests still need to hold what they are and one more token; each scheduler keeps
  // its part up to date, so that none starts a request with blocks another's will come to need.
  int claims() const { return claims_; }
  void ChangeClaims(int by) { claims_ += by; }

 private:
  int total_, block_tokens_, claims_ = 0;
  std::vector<int32_t> free_;  // a heap: the lowest number goes out first
};

}  // namespace motley
