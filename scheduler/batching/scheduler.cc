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
  explicit ContinuousScheduler(const SchedulerLimits& limits)
      : limits_(AtLeastOne(limits)),
        roster_{{}, {}, BlockLedger(limits_.kv_blocks, limits_.block_tokens)} {}

  Result<uint64_t> Submit(Request request) override {
    TRY(CheckRequest(request, limits_));
    if (static_cast<int>(roster_.waiting.size()) >= limits_.max_queue) {
      return Error::Unavailable("the queue is full: " + std::to_string(roster_.waiting.size()) +
                                " requests wait, at most " + std::to_string(limits_.max_queue) +
                                " may")
          .Fix("try again later");
    }
    const uint64_t number = ++last_number_;
    Sequence sequence{.number = number, .tokens = request.prompt};
    sequence.request = std::move(request);
    roster_.waiting.emplace(number, std::move(sequence));
    return number;
  }

  void Cancel(uint64_t request) override { roster_.Remove(request); }

  std::optional<Batch> NextBatch() override {
    auto batch = FormBatch(roster_, limits_, last_step_ + 1);
    if (batch) ++last_step_;
    return batch;
  }

  std::vector<RequestUpdate> Apply(const Batch& batch, const StepOutcome& outcome) override {
    return ApplyOutcome(roster_, batch, outcome);
  }

  std::vector<RequestUpdate> Lose(const DeviceLost& lost) override {
    return FailRunning(roster_, lost);
  }

  SchedulerStatus Status() const override {
    return {static_cast<int>(roster_.waiting.size()), static_cast<int>(roster_.running.size()),
            roster_.blocks.free(), roster_.blocks.total()};
  }

 private:
  const SchedulerLimits limits_;
  Roster roster_;
  uint64_t last_number_ = 0, last_step_ = 0;
};

}  // namespace

std::unique_ptr<Scheduler> MakeScheduler(const SchedulerLimits& limits) {
  return std::make_unique<ContinuousScheduler>(limits);
}

}  // namespace motley
