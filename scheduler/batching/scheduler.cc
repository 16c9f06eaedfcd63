#include "scheduler/scheduler.h"

#include <algorithm>

#include "scheduler/batching/admission.h"
#include "scheduler/batching/batcher.h"

namespace motley {
namespace {

SchedulerLimits AtLeastOne(SchedulerLimits limits) {
  for (int* limit : {&limits.block_tokens, &limits.batch_rows, &limits.max_sequences}) {
    *limit = std::max(*limit, 1);
  }
  limits.kv_blocks = std::max(limits.kv_blocks, 0);
  return limits;
}

class ContinuousScheduler : public Scheduler {
 public:
  ContinuousScheduler(const SchedulerLimits& limits, std::shared_ptr<BlockLedger> blocks)
      : limits_(AtLeastOne(limits)), blocks_(std::move(blocks)), roster_{{}, {}, *blocks_} {}

  Result<uint64_t> Submit(Request request) override {
    TRY(CheckRequest(request, limits_));
    if (static_cast<int>(roster_.waiting.size()) >= limits_.max_queue) {
      return Error::Unavailable("the queue is full: " + std::to_string(roster_.waiting.size()) +
                                " requests wait, at most " + std::to_string(limits_.max_queue) +
                                " may")
          .Fix("try again later");
    }
    const uint64_t number = ++last_number_;
    Sequence sequence{
        .number = number, .tokens = request.prompt, .computed = request.computed_tokens};
    sequence.request = std::move(request);
    roster_.waiting.emplace_hint(roster_.waiting.end(), number, std::move(sequence));
    return number;
  }

  void Cancel(uint64_t request) override {
    roster_.Remove(request);
    roster_.UpdateClaims();
  }

  std::optional<Batch> NextBatch() override {
    auto batch = FormBatch(roster_, limits_, last_step_ + 1);
    if (batch) ++last_step_;
    roster_.UpdateClaims();
    return batch;
  }

  std::vector<RequestUpdate> Apply(const Batch& batch, const StepOutcome& outcome) override {
    auto updates = ApplyOutcome(roster_, batch, outcome);
    roster_.UpdateClaims();
    return updates;
  }

  std::vector<RequestUpdate> Lose(const DeviceLost& lost) override {
    auto updates = FailRunning(roster_, lost);
    roster_.UpdateClaims();
    return updates;
  }

  SchedulerStatus Status() const override {
    int unclaimed = roster_.blocks.free() - roster_.claims;
    for (const auto& [number, sequence] : roster_.waiting) {
      unclaimed -= roster_.MissingBlocks(sequence);
    }
    return {static_cast<int>(roster_.waiting.size()), static_cast<int>(roster_.running.size()),
            roster_.blocks.free(), roster_.blocks.total(), unclaimed};
  }

 private:
  const SchedulerLimits limits_;
  const std::shared_ptr<BlockLedger> blocks_;
  Roster roster_;
  uint64_t last_number_ = 0, last_step_ = 0;
};

}  // namespace

std::shared_ptr<BlockLedger> MakeBlocks(const SchedulerLimits& limits) {
  const SchedulerLimits checked = AtLeastOne(limits);
  return std::make_shared<BlockLedger>(checked.kv_blocks, checked.block_tokens);
}

std::unique_ptr<Scheduler> MakeScheduler(const SchedulerLimits& limits,
                                         std::shared_ptr<BlockLedger> shared) {
  if (!shared) shared = MakeBlocks(limits);
  return std::make_unique<ContinuousScheduler>(limits, std::move(shared));
}

}  // namespace motley
