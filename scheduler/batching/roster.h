#pragma once
// Who waits, who runs, and the blocks they hold. Numbers grow with the order of arrival, and every
// running request is older than every waiting one: a request that loses its blocks goes back to the
// head of the queue. One thread.

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "scheduler/batching/blocks.h"
#include "scheduler/request.h"

namespace motley {

// One accepted request and how far it has come.
struct Sequence {
  uint64_t number = 0;
  Request request;
  std::vector<int32_t> tokens;  // prompt, then what was generated
  std::vector<int32_t> blocks;  // KV blocks held, in order of position
  int computed = 0;             // positions whose keys and values are in the blocks
  std::vector<TokenLogprob> prompt_scores;

  int prompt_size() const { return static_cast<int>(request.prompt.size()); }
  int size() const { return static_cast<int>(tokens.size()); }
  int generated() const { return size() - prompt_size(); }
  // Rows it still needs before its next token: 1 while decoding, more while its prompt (or, after
  // it lost its blocks, everything so far) is computed.
  int pending() const { return size() - computed; }
  bool decoding() const { return generated() > 0 && pending() == 1; }
  bool scores_prompt() const { return request.prompt_logprobs != kNoLogprobs; }
};

struct Roster {
  std::map<uint64_t, Sequence> waiting, running;  // by number: the oldest first
  BlockLedger& blocks;
  int claims = 0;  // of those in the ledger, the running ones' of this roster

  // What a sequence still needs to hold all that it is and one more token.
  int MissingBlocks(const Sequence& sequence) const {
    return std::max(
        0, blocks.BlocksFor(sequence.size() + 1) - static_cast<int>(sequence.blocks.size()));
  }

  void UpdateClaims() {
    int now = 0;
    for (const auto& [number, sequence] : running) now += MissingBlocks(sequence);
    blocks.ChangeClaims(now - claims);
    claims = now;
  }

  // Back to the queue: frees its blocks, and everything it has so far is computed again when it
  // next runs. No token is lost or repeated. What preemption does, and what losing a device does to
  // those who had state on it.
  void Requeue(uint64_t number) {
    auto node = running.extract(number);
    if (!node) return;
    blocks.Release(node.mapped().blocks);
    node.mapped().computed = 0;
    waiting.insert(std::move(node));
  }

  // Gone, wherever it is; its blocks are free.
  void Remove(uint64_t number) {
    if (const auto found = running.find(number); found != running.end()) {
      blocks.Release(found->second.blocks);
      running.erase(found);
    }
    waiting.erase(number);
  }
};

}  // namespace motley
