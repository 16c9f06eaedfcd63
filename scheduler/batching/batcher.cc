#include "scheduler/batching/batcher.h"

#include <algorithm>

namespace motley {
namespace {

class Former {
 public:
  Former(Roster& roster, const SchedulerLimits& limits, uint64_t step)
      : roster_(roster), limits_(limits) {
    batch_.step = step;
    const size_t most = roster.running.size() + roster.waiting.size();
    batch_.sequences.reserve(std::min<size_t>(most, limits.batch_rows));
    batch_.outputs.reserve(batch_.sequences.capacity());
  }

  std::optional<Batch> Form() {
    AddDecodes();
    AddPrefills();
    // What was just preempted must not take back at once the blocks it gave.
    if (!preempted_) AdmitWaiting();
    if (batch_.rows.empty()) return std::nullopt;
    return std::move(batch_);
  }

 private:
  int RowsLeft() const { return limits_.batch_rows - static_cast<int>(batch_.rows.size()); }

  // Whether `number` could have its blocks: false when it had to give up its own.
  bool ReserveForDecode(uint64_t number) {
    while (true) {
      Sequence& sequence = roster_.running.at(number);
      if (roster_.blocks.Grow(sequence.blocks, sequence.size())) return true;
      const uint64_t youngest = roster_.running.rbegin()->first;
      roster_.Requeue(youngest);
      preempted_ = true;
      if (youngest == number) return false;
    }
  }

  void AddDecodes() {
    auto next = roster_.running.begin();
    while (next != roster_.running.end() && RowsLeft() > 0) {
      Sequence& sequence = next->second;
      if (!sequence.decoding()) {
        ++next;
      } else if (roster_.blocks.Grow(sequence.blocks, sequence.size())) {
        AddRows(sequence, 1);
        ++next;
      } else {
        const uint64_t number = next->first;
        if (ReserveForDecode(number)) AddRows(roster_.running.at(number), 1);
        next = roster_.running.upper_bound(number);  // preemption may have taken the ones behind
      }
    }
  }

  // False when somebody had to be held back: nobody younger may go before.
  bool AddPrefill(Sequence& sequence) {
    const int wanted = std::min(RowsLeft(), sequence.pending());
    const int64_t room = roster_.blocks.TokensWithin(sequence.blocks) - sequence.computed;
    const int rows = static_cast<int>(std::min<int64_t>(wanted, room));
    if (rows <= 0) return false;
    roster_.blocks.Grow(sequence.blocks, sequence.computed + rows);
    AddRows(sequence, rows);
    return rows == sequence.pending();
  }

  void AddPrefills() {
    for (auto& [number, sequence] : roster_.running) {
      if (sequence.decoding()) continue;
      if (!AddPrefill(sequence)) {
        prefill_blocked_ = true;
        return;
      }
    }
  }

  // Free blocks that the running have no claim on for what they already are.
  int UnclaimedBlocks() const {
    const int of_others = roster_.blocks.claims() - roster_.claims;
    int unclaimed = roster_.blocks.free() - of_others;
    for (const auto& [number, sequence] : roster_.running) {
      unclaimed -= roster_.MissingBlocks(sequence);
    }
    return unclaimed;
  }

  void AdmitWaiting() {
    const int most = std::min(limits_.max_sequences, limits_.batch_rows);
    while (!prefill_blocked_ && RowsLeft() > 0 && !roster_.waiting.empty() &&
           static_cast<int>(roster_.running.size()) < most) {
      const Sequence& first = roster_.waiting.begin()->second;
      const int needed = roster_.blocks.BlocksFor(first.size() + 1);
      const bool nothing_runs = roster_.blocks.free() == roster_.blocks.total();
      if (!nothing_runs && UnclaimedBlocks() < needed) return;
      auto node = roster_.waiting.extract(roster_.waiting.begin());
      Sequence& started = roster_.running.insert(std::move(node)).position->second;
      if (!AddPrefill(started)) return;
    }
  }

  void AddRows(Sequence& sequence, int count) {
    const Request& request = sequence.request;
    const auto index = static_cast<int32_t>(batch_.sequences.size());
    BatchSequence& entry = batch_.sequences.emplace_back();
    entry.request = sequence.number;
    entry.blocks = sequence.blocks;
    entry.sampling = request.sampling;
    entry.end_tokens = request.end_tokens;
    if (request.sampling.UsesHistory()) {
      entry.prompt = request.prompt;
      entry.generated.assign(sequence.tokens.begin() + sequence.prompt_size(),
                             sequence.tokens.end());
    }
    for (int position = sequence.computed; position < sequence.computed + count; ++position) {
      batch_.rows.push_back({sequence.tokens[position], position, index});
      AddOutput(sequence, position);
    }
  }

  // Of the row just added: the next token after the last one, the score of the next prompt token
  // where it is asked for and not there yet (a request that lost its blocks computes rows again,
  // but not their scores).
  void AddOutput(const Sequence& sequence, int position) {
    const Request& request = sequence.request;
    const auto row = static_cast<int32_t>(batch_.rows.size()) - 1;
    if (position + 1 == sequence.size()) {
      if (request.max_tokens == 0) return;
      batch_.outputs.push_back({.row = row,
                                .sample = true,
                                .logprobs = request.logprobs,
                                .suppress_end = sequence.generated() < request.min_tokens});
      return;
    }
    const bool scored = position < static_cast<int>(sequence.prompt_scores.size());
    if (!sequence.scores_prompt() || scored || position + 1 >= sequence.prompt_size()) return;
    batch_.outputs.push_back({.row = row,
                              .sample = false,
                              .target = sequence.tokens[position + 1],
                              .logprobs = request.prompt_logprobs});
  }

  Roster& roster_;
  const SchedulerLimits& limits_;
  Batch batch_;
  bool preempted_ = false;        // somebody lost blocks in this step
  bool prefill_blocked_ = false;  // the row budget or the blocks ended in the middle of a prompt
};

}  // namespace

std::optional<Batch> FormBatch(Roster& roster, const SchedulerLimits& limits, uint64_t step) {
  return Former(roster, limits, step).Form();
}

}  // namespace motley
