#pragma once
// Who runs when: admission, continuous batching and the block ledger behind one door. Pure: it
// reads no clock, owns no thread and no memory of a device; the caller (daemon/serving_loop) turns
// it: NextBatch -> Executor -> Apply. One thread. Errors of Submit: InvalidArgument (can never fit:
// both numbers), Unavailable (queue full).

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "scheduler/executor.h"
#include "scheduler/request.h"

namespace motley {

struct SchedulerLimits {
  int context_tokens = 4096;  // prompt + generated of one request
  int kv_blocks = 256;        // of block_tokens each, shared by all requests
  int block_tokens = 32;
  int batch_rows = 512;    // rows of one step: decode rows first, prefill chunks in what is left
  int max_sequences = 64;  // running at once
  int max_queue = 512;     // waiting
};

// What a step did to a request; `tokens` holds what was generated in it (one, now).
struct RequestUpdate {
  uint64_t request = 0;
  std::vector<TokenLogprob> tokens;
  std::vector<TokenLogprob> prompt_scores;  // in order of position; the first prompt token has none
  std::optional<FinishReason> finished;
  std::optional<Error> error;  // with FinishReason::kError
};

struct SchedulerStatus {
  int waiting = 0, running = 0;
  int free_blocks = 0, total_blocks = 0;
  // Free blocks less those that all who run or wait still need to hold what they already are and
  // one more token. May be negative. What a new request finds.
  int unclaimed_blocks = 0;
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // The one door in. The number names the request from then on.
  virtual Result<uint64_t> Submit(Request request) = 0;
  // Frees its blocks before the next batch; unknown numbers are ignored. No update follows.
  virtual void Cancel(uint64_t request) = 0;
  // The next step's work, or nothing when no request can run.
  virtual std::optional<Batch> NextBatch() = 0;
  // Takes the outcome of the batch that NextBatch returned last.
  virtual std::vector<RequestUpdate> Apply(const Batch& batch, const StepOutcome& outcome) = 0;
  // A device went between two batches, and with it what every running request had on it: they fail.
  virtual std::vector<RequestUpdate> Lose(const DeviceLost& lost) = 0;
  virtual SchedulerStatus Status() const = 0;
};

class BlockLedger;
// KV blocks for several schedulers: those whose batches pass the same devices one after the other
// (the cohorts of a pipeline) share them.
std::shared_ptr<BlockLedger> MakeBlocks(const SchedulerLimits& limits);

// Without `shared` it has limits.kv_blocks for itself. With it they must be the limits that made
// it: a request may come to need them all. A scheduler takes blocks from its own requests only;
// when others hold them, its youngest waits until they come back.
std::unique_ptr<Scheduler> MakeScheduler(const SchedulerLimits& limits,
                                         std::shared_ptr<BlockLedger> shared = nullptr);

}  // namespace motley
