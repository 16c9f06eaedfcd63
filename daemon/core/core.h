#pragma once
// The service behind the doors: one model, planned, loaded on its workers and served. Created at
// once; it starts up on a thread of its own (state() says how far it is) and ends when destroyed.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "daemon/core/metrics.h"
#include "daemon/core/model_bundle.h"
#include "daemon/core/serving_loop.h"
#include "daemon/core/step_watch.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/planning/inventory.h"
#include "daemon/planning/planner.h"
#include "daemon/service.h"

namespace motley {

struct CoreOptions {
  std::string model_path;
  PlanningOptions planning;   // context_tokens 0: what the model was trained for, at most 8,192
  PlanningProgress progress;  // of start-up, on the starting thread
};

class Core : public Service {
 public:
  // `on_ended` is called, from a thread of the core's, when start-up failed or a lost device could
  // not be brought back: see failure().
  Core(CoreOptions options, Clock& clock, std::function<void()> on_ended);
  ~Core() override;

  // Why the service ends by itself, if it does.
  std::optional<Error> failure() const;
  // Whether start-up has ended, either way. The destructor waits for it.
  bool started() const;
  // Blocks until ready or failed.
  motley::Status WaitReady();
  // No new requests; true when the last one has ended and no step runs. Poll it.
  bool Drain();
  // Ends what still runs with an error; see ServingLoop::FailAll.
  void FailRequests(const Error& error);
  // Nothing before ready.
  std::optional<PlannedModel> planned() const;

  ServiceState state() const override { return state_; }
  double load_progress() const override { return progress_; }
  std::vector<ModelCard> models() const override;
  const Tokenizer* tokenizer() const override;
  Result<std::string> RenderChat(nlohmann::ordered_json body) override;
  Result<std::vector<int32_t>> EncodeChat(nlohmann::ordered_json body) override;
  Result<uint64_t> Generate(GenerationJob job, GenerationSink sink) override;
  void Cancel(uint64_t request) override;
  nlohmann::json Devices() override;
  nlohmann::json CurrentPlan() override;
  nlohmann::json Status() override;
  std::string Metrics() override;

 private:
  // The starting thread. It stays until the core ends: Linux kills a worker (PR_SET_PDEATHSIG) when
  // the thread that started it is gone.
  void StartUp();
  motley::Status TryStartUp();
  void GiveUp(const Error& error);
  std::vector<DeviceInfo> Probed();
  SchedulerLimits Limits(const PlannedModel& planned) const;
  motley::Status StartWorkers(const PlanningProgress& say);
  void StartLoop();

  const CoreOptions options_;
  Clock& clock_;
  const std::function<void()> on_ended_;
  std::atomic<ServiceState> state_{ServiceState::kStarting};
  std::atomic<double> progress_{0};
  std::atomic<bool> bundle_ready_{false}, serving_{false};
  mutable std::mutex mutex_;  // guards the four below, and where loop_ points
  std::condition_variable changed_;
  std::optional<Error> failure_;
  bool started_ = false, stop_ = false;
  std::string doing_ = "starting";  // what start-up is at
  motley::Metrics metrics_;
  // Each is written by the starting thread before its flag above says that it is there.
  std::optional<ModelBundle> bundle_;
  PlannedModel planned_;
  SchedulerLimits limits_;
  std::unique_ptr<StepWatch> watch_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<ServingLoop> loop_;
  int64_t started_ns_ = 0;
  InventoryKeeper inventory_;
  std::thread starter_;
};

}  // namespace motley
