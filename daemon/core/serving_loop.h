#pragma once
// The thread that turns the scheduler: next batch, run it, hand out what came of it. Submit and
// Cancel are for any thread and never wait for a device.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "daemon/core/text_stream.h"
#include "daemon/service.h"
#include "scheduler/scheduler.h"

namespace motley {

// What the loop has done since it started.
struct LoopCounters {
  uint64_t requests = 0, finished = 0, failed = 0, cancelled = 0;
  uint64_t prompt_tokens = 0, generated_tokens = 0, steps = 0;
  double step_seconds = 0;
  double tokens_per_s = 0;  // generated, over the last seconds
};

class ServingLoop {
 public:
  struct Hooks {
    // Asked between steps. A device that is lost fails what runs; then `recover` is called.
    std::function<std::optional<DeviceLost>()> lost;
    // An error ends all service: everything queued fails with it.
    std::function<Status()> recover;
    // After each finished request, on the loop's thread: (time to first token, time between tokens)
    // in seconds.
    std::function<void(double ttft_s, double itl_s)> observe;
    // After each step that was done, on the loop's thread, with its wall time.
    std::function<void(const Batch&, const Done&, double us)> stepped;
  };
  ServingLoop(const SchedulerLimits& limits, Executor& executor, const Tokenizer& tokenizer,
              Clock& clock, std::string plan_id, Hooks hooks);
  // Fails what is left and joins the thread.
  ~ServingLoop();

  Result<uint64_t> Submit(GenerationJob job, GenerationSink sink);
  void Cancel(uint64_t request);
  void Wake();
  void StopAdmission();
  // True once no request is left and no step runs.
  bool Drained();
  // Ends every request now; the step under way, if any, is not waited for. Any thread.
  void FailAll(const Error& error);
  SchedulerStatus status() const;
  LoopCounters counters() const;

 private:
  struct Live;
  void Loop();
  bool Recover(const DeviceLost& lost);
  void RunBatch(const Batch& batch);
  void CountTime(const Batch& batch, const Done& done, int64_t start_ns);
  void DeliverAll(const std::vector<RequestUpdate>& updates);
  void Deliver(const RequestUpdate& update);
  void Finish(uint64_t request, Live& live, GenerationEvent event);

  Executor& executor_;
  const Tokenizer& tokenizer_;
  Clock& clock_;
  const std::string plan_id_;
  const Hooks hooks_;

  std::mutex delivering_;  // held while sinks are called; taken before mutex_
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Scheduler> scheduler_;  // under mutex_, as all below
  std::map<uint64_t, std::shared_ptr<Live>> live_;
  LoopCounters counters_;
  int64_t rate_since_ns_ = 0;
  uint64_t rate_tokens_ = 0;
  bool stop_ = false, admits_ = true, woken_ = false, stepping_ = false;
  std::optional<Error> dead_;  // service has ended for this reason
  std::thread thread_;
};

}  // namespace motley
