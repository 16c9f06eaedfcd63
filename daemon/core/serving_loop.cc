#include "daemon/core/serving_loop.h"

#include <set>

#include "base/log.h"

namespace motley {
namespace {

constexpr int64_t kRateWindowNs = 2'000'000'000;

}  // namespace

// One request on its way, touched by the loop's thread only once it is in the map.
struct ServingLoop::Live {
  Live(const Tokenizer& tokenizer, GenerationJob job, GenerationSink to)
      : text(tokenizer, std::move(job.stop)), sink(std::move(to)) {}
  TextStream text;
  GenerationSink sink;
  Timings timings;
  int64_t submitted_ns = 0, started_ns = 0, first_token_ns = 0;
};

ServingLoop::ServingLoop(const SchedulerLimits& limits, Executor& executor,
                         const Tokenizer& tokenizer, Clock& clock, std::string plan_id, Hooks hooks)
    : executor_(executor),
      tokenizer_(tokenizer),
      clock_(clock),
      plan_id_(std::move(plan_id)),
      hooks_(std::move(hooks)),
      scheduler_(MakeScheduler(limits)),
      rate_since_ns_(clock.NowNs()),
      thread_([this] { Loop(); }) {}

ServingLoop::~ServingLoop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  FailAll(Error::Unavailable("the service is stopping"));
}

Result<uint64_t> ServingLoop::Submit(GenerationJob job, GenerationSink sink) {
  const int prompt = static_cast<int>(job.request.prompt.size());
  std::shared_ptr<Live> live;
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (dead_) return *dead_;
    if (!admits_) return Error::Unavailable("the service is stopping");
    number = TRY(scheduler_->Submit(job.request));
    live = std::make_shared<Live>(tokenizer_, std::move(job), std::move(sink));
    live->submitted_ns = clock_.NowNs();
    live->timings.prompt_n = prompt;
    live->timings.plan_id = plan_id_;
    live_[number] = live;
    ++counters_.requests;
    counters_.prompt_tokens += static_cast<uint64_t>(prompt);
  }
  changed_.notify_all();
  return number;
}

void ServingLoop::Cancel(uint64_t request) {
  const std::lock_guard lock(mutex_);
  if (live_.erase(request) == 0) return;
  scheduler_->Cancel(request);
  ++counters_.cancelled;
}

void ServingLoop::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void ServingLoop::StopAdmission() {
  const std::lock_guard lock(mutex_);
  admits_ = false;
}

bool ServingLoop::Drained() {
  const std::lock_guard lock(mutex_);
  return live_.empty() && !stepping_;
}

SchedulerStatus ServingLoop::status() const {
  const std::lock_guard lock(mutex_);
  return scheduler_->Status();
}

LoopCounters ServingLoop::counters() const {
  const std::lock_guard lock(mutex_);
  LoopCounters out = counters_;
  if (clock_.NowNs() - rate_since_ns_ > 2 * kRateWindowNs) out.tokens_per_s = 0;
  return out;
}

void ServingLoop::Loop() {
  while (true) {
    std::optional<Batch> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || woken_ || !live_.empty(); });
      if (stop_) return;
      woken_ = false;
    }
    if (const auto lost = hooks_.lost ? hooks_.lost() : std::nullopt) {
      if (!Recover(*lost)) return;
    }
    {
      std::unique_lock lock(mutex_);
      batch = scheduler_->NextBatch();
      if (!batch) {  // nothing can run: wait for a submit or a wake
        if (!live_.empty()) changed_.wait_for(lock, std::chrono::milliseconds(5));
        continue;
      }
      stepping_ = true;
      const int64_t now = clock_.NowNs();
      for (const BatchSequence& s : batch->sequences) {
        const auto at = live_.find(s.request);
        if (at != live_.end() && at->second->started_ns == 0) at->second->started_ns = now;
      }
    }
    RunBatch(*batch);
  }
}

// What still runs had state on the device; what waits can go on with the new worker.
bool ServingLoop::Recover(const DeviceLost& lost) {
  std::vector<RequestUpdate> updates;
  {
    const std::lock_guard lock(mutex_);
    updates = scheduler_->Lose(lost);
  }
  DeliverAll(updates);
  const Status status = hooks_.recover();
  if (status.ok()) return true;
  LogError("service ends: " + status.error().message);
  {
    const std::lock_guard lock(mutex_);
    dead_ = status.error();
  }
  FailAll(status.error());
  return false;
}

void ServingLoop::FailAll(const Error& error) {
  const std::lock_guard delivering(delivering_);
  std::map<uint64_t, std::shared_ptr<Live>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(live_);
    for (const auto& [number, live] : left) scheduler_->Cancel(number);
    counters_.failed += left.size();
  }
  for (const auto& [number, live] : left) {
    live->sink({.text = live->text.Finish(),
                .finished = FinishReason::kError,
                .error = error,
                .timings = live->timings});
  }
}

void ServingLoop::RunBatch(const Batch& batch) {
  const int64_t start = clock_.NowNs();
  const StepOutcome outcome = executor_.Run(batch);
  const Done* done = std::get_if<Done>(&outcome);
  if (done && hooks_.stepped) {
    hooks_.stepped(batch, *done, SecondsBetween(start, clock_.NowNs()) * 1e6);
  }
  std::vector<RequestUpdate> updates;
  {
    const std::lock_guard lock(mutex_);
    updates = scheduler_->Apply(batch, outcome);
    if (done) CountTime(batch, *done, start);
  }
  DeliverAll(updates);
  const std::lock_guard lock(mutex_);
  stepping_ = false;
}

void ServingLoop::DeliverAll(const std::vector<RequestUpdate>& updates) {
  const std::lock_guard delivering(delivering_);
  for (const RequestUpdate& update : updates) Deliver(update);
}

// Under mutex_.
void ServingLoop::CountTime(const Batch& batch, const Done& done, int64_t start_ns) {
  const int64_t now = clock_.NowNs();
  ++counters_.steps;
  counters_.step_seconds += SecondsBetween(start_ns, now);
  std::set<uint64_t> requests;
  for (const BatchSequence& s : batch.sequences) requests.insert(s.request);
  for (const uint64_t request : requests) {
    const auto at = live_.find(request);
    if (at == live_.end()) continue;
    auto& stages = at->second->timings.stages;
    if (stages.size() != done.stages.size()) stages = std::vector<StageTime>(done.stages.size());
    for (size_t i = 0; i < stages.size(); ++i) {
      const double before = stages[i].ms;
      stages[i] = done.stages[i];
      stages[i].ms += before;
    }
  }
  if (now - rate_since_ns_ > kRateWindowNs) {
    const double seconds = SecondsBetween(rate_since_ns_, now);
    counters_.tokens_per_s =
        static_cast<double>(counters_.generated_tokens - rate_tokens_) / seconds;
    rate_since_ns_ = now;
    rate_tokens_ = counters_.generated_tokens;
  }
}

void ServingLoop::Deliver(const RequestUpdate& update) {
  std::shared_ptr<Live> live;
  {
    const std::lock_guard lock(mutex_);
    const auto at = live_.find(update.request);
    if (at == live_.end()) return;
    live = at->second;
    counters_.generated_tokens += update.tokens.size();
  }
  if (live->first_token_ns == 0) live->first_token_ns = clock_.NowNs();
  live->timings.predicted_n += static_cast<int>(update.tokens.size());
  GenerationEvent event{.tokens = update.tokens,
                        .prompt_scores = update.prompt_scores,
                        .finished = update.finished,
                        .error = update.error};
  for (const TokenLogprob& token : update.tokens) event.text += live->text.Push(token.token);
  const bool stopped = live->text.stopped();
  if (stopped) event.finished = FinishReason::kStop;
  if (event.finished) {
    if (stopped && !update.finished) {
      const std::lock_guard lock(mutex_);
      scheduler_->Cancel(update.request);
    }
    Finish(update.request, *live, std::move(event));
  } else if (!live->sink(event)) {
    Cancel(update.request);
  }
}

void ServingLoop::Finish(uint64_t request, Live& live, GenerationEvent event) {
  const int64_t now = clock_.NowNs();
  if (live.started_ns == 0) live.started_ns = now;
  Timings& t = live.timings;
  t.queue_ms = SecondsBetween(live.submitted_ns, live.started_ns) * 1e3;
  t.prompt_ms = SecondsBetween(live.started_ns, live.first_token_ns) * 1e3;
  t.predicted_ms = SecondsBetween(live.first_token_ns, now) * 1e3;
  event.text += live.text.Finish();
  event.timings = t;
  const bool failed = *event.finished == FinishReason::kError;
  {
    const std::lock_guard lock(mutex_);
    live_.erase(request);
    ++(failed ? counters_.failed : counters_.finished);
  }
  if (!failed && hooks_.observe && t.predicted_n > 0) {
    const double itl = t.predicted_n > 1 ? t.predicted_ms / 1e3 / (t.predicted_n - 1) : 0;
    hooks_.observe(SecondsBetween(live.submitted_ns, live.first_token_ns), itl);
  }
  live.sink(event);
}

}  // namespace motley
