#pragma once
// The ledger of KV blocks: numbers only, the memory is the worker's. Owned by the scheduler; one
// thread. Every block is either free or in exactly one sequence's list.

#include <cstdint>
#include <vector>

namespace motley {

class BlockLedger {
 public:
  BlockLedger(int blocks, int block_tokens);
  int total() const { return total_; }
  int free() const { return static_cast<int>(free_.size()); }
  // Blocks that `tokens` positions need.
  int BlocksFor(int64_t tokens) const;
  // How many positions `held` and all free blocks could hold together.
  int64_t TokensWithin(const std::vector<int32_t>& held) const;
  // Extends `held` until it covers `tokens` positions; false, and nothing taken, when too few are
  // free.
  bool Grow(std::vector<int32_t>& held, int64_t tokens);
  // Takes them all back.
  void Release(std::vector<int32_t>& held);

 private:
  int total_, block_tokens_;
  std::vector<int32_t> free_;  // the lowest number last, so that it goes out first
};

}  // namespace motley
