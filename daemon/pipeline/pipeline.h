#pragma once
// The workers of one plan, stage after stage, as the scheduler's executor:
//
//     motleyd --ring--> worker of stage 0 --ring--> worker of stage 1 --ring--> motleyd
//
// A worker that dies is seen at once (its pidfd is watched), whether a step runs or not: Run or
// lost() answers DeviceLost, and Recover puts a new worker in its place. Start, Run, lost and
// Recover belong to one thread; the rest is for any.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/pipeline/watcher.h"
#include "daemon/pipeline/worker_process.h"
#include "daemon/ring/ring.h"
#include "scheduler/executor.h"
#include "scheduler/plan.h"
#include "scheduler/scheduler.h"

namespace motley {

struct PipelineOptions {
  std::string model_path;
  std::vector<Stage> stages;
  std::vector<DeviceChoice> devices;  // one for each stage
  int hidden = 0;                     // width of the hidden state, values
  SchedulerLimits limits;
};

struct StageStatus {
  Stage stage;
  pid_t pid = 0;
  uint64_t weight_bytes = 0, kv_bytes = 0;
  std::vector<std::string> host_ops;
  int restarts = 0;
};

class Pipeline : public Executor {
 public:
  // `progress`: 0..1 over all stages. `on_death` is called from another thread when a worker has
  // died: have somebody call Recover.
  static Result<std::unique_ptr<Pipeline>> Start(PipelineOptions options, Clock& clock,
                                                 const std::function<void(double)>& progress,
                                                 std::function<void()> on_death);

  StepOutcome Run(const Batch& batch) override;

  // The device whose worker is dead, if one is: Recover is due.
  std::optional<DeviceLost> lost();
  // A new worker for each dead one, loaded and wired in; what the KV memory of any stage held is
  // void from then on. Unavailable: one has died more than 5 times within 5 minutes.
  Status Recover();
  std::vector<StageStatus> Stages() const;

 private:
  struct Member {
    WorkerProcess worker;
    StageStatus status;
    std::vector<int64_t> deaths_ns;
  };
  Pipeline(PipelineOptions options, Clock& clock, std::function<void()> on_death);
  Result<WorkerProcess> StartWorker(size_t index);
  Status LoadStage(size_t index, const std::function<void(double)>& progress);
  Status WireAll();
  Status SendBatch(const Batch& batch);
  Result<wire::Step> ReceiveStep(uint64_t step);
  bool broken() const { return dead_.load() >= 0; }
  DeviceLost Lost();
  void Condemn(const std::string& device);
  Status Replace(Member& member, size_t index);

  const PipelineOptions options_;
  Clock& clock_;
  std::vector<Member> members_;
  mutable std::mutex status_mutex_;  // guards the `status` of members
  std::unique_ptr<RingWriter> out_;
  std::unique_ptr<RingReader> in_;
  std::atomic<int> dead_{-1};  // a member whose worker died
  DeathWatcher watcher_;       // last: its thread ends first
};

}  // namespace motley
