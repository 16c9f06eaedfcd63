#include "daemon/core/core.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "daemon/planning/devices.h"
#include "daemon/validate/prompt_length.h"
#include "daemon/worker/probe.h"
#include "engine/template/chat.h"

namespace motley {
namespace {

constexpr int kDefaultContext = 8192;
constexpr int kProbeMs = 20'000;
// KV memory is made for so many requests of full context, as far as a quarter of the free memory
// goes.
constexpr int kPoolContexts = 2;
constexpr double kPoolShare = 0.25;
constexpr std::chrono::minutes kKeepEvery(1);  // what steps have taught

// Null where there is no netlink, as in some containers: the service does without.
std::unique_ptr<DeviceEvents> WatchDevices() {
  auto events = OpenKernelEvents();
  if (events.ok()) return events.ReleaseValue();
  LogInfo(events.error().message + "; devices that come or go are seen when they are asked for");
  return nullptr;
}

}  // namespace

const char* StateName(ServiceState state) {
  switch (state) {
    case ServiceState::kStarting:
      return "starting";
    case ServiceState::kLoading:
      return "loading";
    case ServiceState::kReady:
      return "ready";
    case ServiceState::kDegraded:
      return "degraded";
    case ServiceState::kDraining:
      return "draining";
  }
  return "starting";
}

Core::Core(CoreOptions options, Clock& clock, std::function<void()> on_ended)
    : options_(std::move(options)),
      clock_(clock),
      on_ended_(std::move(on_ended)),
      started_ns_(clock.NowNs()),
      inventory_([this] { return Discover("", ProbeAll(options_.planning.backends, kProbeMs)); },
                 WatchDevices(), clock) {
  inventory_.Start();
  starter_ = std::thread([this] { StartUp(); });
}

// Workers die with the thread that started them, so the watching of their deaths ends first.
Core::~Core() {
  std::unique_ptr<ServingLoop> loop;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return started_; });
    loop = std::move(loop_);
  }
  loop.reset();
  pipeline_.reset();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  starter_.join();
}

void Core::StartUp() {
  const motley::Status status = TryStartUp();
  std::unique_lock lock(mutex_);
  started_ = true;
  if (!status.ok()) failure_ = status.error();
  changed_.notify_all();
  lock.unlock();
  if (!status.ok() && on_ended_) on_ended_();
  lock.lock();
  while (!changed_.wait_for(lock, kKeepEvery, [this] { return stop_; })) {
    lock.unlock();
    if (watch_) watch_->Keep();
    lock.lock();
  }
  lock.unlock();
  if (watch_) watch_->Keep();
}

// The pool of KV blocks: every stage holds the same blocks of its own layers.
SchedulerLimits Core::Limits(const PlannedModel& planned) const {
  SchedulerLimits limits;
  limits.context_tokens = bundle_->card.context_tokens;
  limits.batch_rows = options_.planning.prefill_chunk;
  double free_bytes = 1e18;
  for (const DeviceInfo& d : planned.devices)
    free_bytes = std::min(free_bytes, static_cast<double>(d.free_bytes));
  const double per_token = planned.workload.kv_bytes_per_token_layer * planned.workload.layers;
  const double affordable = std::max(free_bytes * kPoolShare / std::max(per_token, 1.0),
                                     static_cast<double>(limits.context_tokens));
  const double tokens = std::min(double{kPoolContexts} * limits.context_tokens, affordable);
  limits.kv_blocks = static_cast<int>(tokens / limits.block_tokens) + 1;
  return limits;
}

// The inventory asked the backends: once is enough.
std::vector<DeviceInfo> Core::Probed() {
  const auto inventory = inventory_.Current();
  if (!inventory.ok()) return ProbeAll(options_.planning.backends, kProbeMs);
  return (*inventory)->facts.probed;
}

motley::Status Core::TryStartUp() {
  const auto say = [this](const std::string& what, double part) {
    progress_ = part;
    {
      const std::lock_guard lock(mutex_);
      doing_ = what;
    }
    if (options_.progress) options_.progress(what, part);
  };
  bundle_ = TRY(ModelBundle::Load(options_.model_path));
  PlanningOptions planning = options_.planning;
  planning.probed = [this] { return Probed(); };
  const int trained = bundle_->graph.hyper.context;
  if (planning.context_tokens > trained) {
    return Error::Invalid("ctx", "a context of " + std::to_string(planning.context_tokens) +
                                     " tokens is asked for, the model was trained for " +
                                     std::to_string(trained));
  }
  if (planning.context_tokens == 0) planning.context_tokens = std::min(trained, kDefaultContext);
  bundle_->card.context_tokens = planning.context_tokens;
  bundle_ready_ = true;
  state_ = ServiceState::kLoading;
  planned_ = TRY(PlanModel(bundle_->manifest, bundle_->graph, planning, say));
  limits_ = Limits(planned_);
  watch_ = TRY(StepWatch::Make(planned_, planning.threads));
  TRY(StartWorkers(say));
  StartLoop();
  serving_ = true;
  state_ = ServiceState::kReady;
  say("ready", 1);
  return {};
}

motley::Status Core::StartWorkers(const PlanningProgress& say) {
  PipelineOptions pipeline{options_.model_path, planned_.plan.stages(), planned_.choices,
                           bundle_->graph.hyper.hidden, limits_};
  pipeline_ = TRY(Pipeline::Start(
      std::move(pipeline), clock_, [&](double part) { say("loading", part); },
      [this] {
        const std::lock_guard lock(mutex_);
        if (loop_) loop_->Wake();
      }));
  return {};
}

void Core::StartLoop() {
  const ServingLoop::Hooks hooks{
      .lost = [this] { return pipeline_->lost(); },
      .recover = [this]() -> motley::Status {
        // Requests that come meanwhile wait for the new worker; a drain stays one.
        ServiceState from = ServiceState::kReady;
        state_.compare_exchange_strong(from, ServiceState::kDegraded);
        const motley::Status status = pipeline_->Recover();
        from = ServiceState::kDegraded;
        if (status.ok()) state_.compare_exchange_strong(from, ServiceState::kReady);
        if (!status.ok()) GiveUp(status.error());
        return status;
      },
      .observe = [this](double ttft_s, double itl_s) { metrics_.Observe(ttft_s, itl_s); },
      .stepped = [this](const Batch& batch, const Done& done,
                        double us) { watch_->Stepped(batch, done, us); }};
  auto loop = std::make_unique<ServingLoop>(limits_, *pipeline_, *bundle_->tokenizer, clock_,
                                            planned_.plan.id, hooks);
  const std::lock_guard lock(mutex_);
  loop_ = std::move(loop);
}

// A device can not be brought back: the service ends, and says why to who comes meanwhile.
void Core::GiveUp(const Error& error) {
  state_ = ServiceState::kDraining;
  {
    const std::lock_guard lock(mutex_);
    failure_ = error;
  }
  if (on_ended_) on_ended_();
}

std::optional<Error> Core::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool Core::started() const {
  const std::lock_guard lock(mutex_);
  return started_;
}

motley::Status Core::WaitReady() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return started_; });
  if (failure_) return *failure_;
  return {};
}

bool Core::Drain() {
  state_ = ServiceState::kDraining;
  if (!serving_) return true;
  loop_->StopAdmission();
  return loop_->Drained();
}

void Core::FailRequests(const Error& error) {
  if (serving_) loop_->FailAll(error);
}

std::optional<PlannedModel> Core::planned() const {
  if (!serving_) return std::nullopt;
  return planned_;
}

std::vector<ModelCard> Core::models() const {
  if (!bundle_ready_) return {};
  return {bundle_->card};
}

const Tokenizer* Core::tokenizer() const {
  return bundle_ready_ ? bundle_->tokenizer.get() : nullptr;
}

Result<std::string> Core::RenderChat(nlohmann::ordered_json body) {
  if (!bundle_ready_) return Error::Unavailable("the model is not loaded yet");
  const auto variables = TRY(ChatVariables(body, bundle_->chat_style, bundle_->chat_tokens));
  return bundle_->renderer->Render(variables);
}

Result<std::vector<int32_t>> Core::EncodeChat(nlohmann::ordered_json body) {
  if (!bundle_ready_) return Error::Unavailable("the model is not loaded yet");
  const auto variables = TRY(ChatVariables(body, bundle_->chat_style, bundle_->chat_tokens));
  const auto segments =
      TRY(RenderChatSegments(*bundle_->renderer, variables, bundle_->special_texts));
  size_t bytes = 0;
  for (const Segment& segment : segments) bytes += segment.text.size();
  TRY(CheckPromptBytes(bytes, bundle_->card));
  std::vector<int32_t> tokens;
  for (const Segment& segment : segments) {
    const auto more = bundle_->tokenizer->Encode(segment.text, segment.specials, Bos::kNone);
    tokens.insert(tokens.end(), more.begin(), more.end());
  }
  const int32_t bos = bundle_->tokenizer->bos();
  const bool written = !tokens.empty() && tokens.front() == bos;
  if (bundle_->tokenizer->adds_bos() && bos >= 0 && !written) tokens.insert(tokens.begin(), bos);
  return tokens;
}

Result<uint64_t> Core::Generate(GenerationJob job, GenerationSink sink) {
  if (!serving_) return Error::Unavailable("the model is still loading");
  if (job.request.end_tokens.empty()) job.request.end_tokens = bundle_->tokenizer->end_tokens();
  return loop_->Submit(std::move(job), std::move(sink));
}

void Core::Cancel(uint64_t request) {
  if (serving_) loop_->Cancel(request);
}

nlohmann::json Core::Devices() {
  const auto inventory = inventory_.Current();
  if (!inventory.ok()) return nullptr;
  return DevicesToJson(**inventory, MeasuredAt(**inventory));
}

nlohmann::json Core::CurrentPlan() {
  if (!serving_) return nullptr;
  return ToJson(planned_.plan);
}

nlohmann::json Core::Status() {
  nlohmann::json out{{"schema", "motley.status/1"},
                     {"state", StateName(state_)},
                     {"uptime_s", SecondsBetween(started_ns_, clock_.NowNs())},
                     {"models", nlohmann::json::array()}};
  {
    const std::lock_guard lock(mutex_);
    out["progress"] = {{"doing", doing_}, {"part", progress_.load()}};
  }
  if (!serving_) return out;
  const LoopCounters counters = loop_->counters();
  const SchedulerStatus status = loop_->status();
  nlohmann::json stages = nlohmann::json::array();
  for (const StageStatus& s : pipeline_->Stages()) {
    stages.push_back({{"device", s.stage.device},
                      {"first_item", s.stage.first_item},
                      {"last_item", s.stage.last_item},
                      {"pid", s.pid},
                      {"weight_bytes", s.weight_bytes},
                      {"kv_bytes", s.kv_bytes},
                      {"host_ops", s.host_ops},
                      {"restarts", s.restarts}});
  }
  const std::vector<StepForecast> forecasts = watch_->Forecasts();
  for (size_t i = 0; i < stages.size() && i < forecasts.size(); ++i) {
    stages[i]["prediction"] = ToJson(forecasts[i]);
  }
  out["models"].push_back({{"id", bundle_->card.id},
                           {"file_bytes", bundle_->card.file_bytes},
                           {"context_tokens", limits_.context_tokens},
                           {"plan_id", planned_.plan.id},
                           {"layers", planned_.workload.layers},
                           {"stages", stages},
                           {"prediction", ToJson(forecasts.back())},
                           {"running", status.running},
                           {"waiting", status.waiting},
                           {"kv_blocks", status.total_blocks},
                           {"kv_blocks_free", status.free_blocks},
                           {"tokens_per_s", counters.tokens_per_s},
                           {"requests", counters.requests},
                           {"generated_tokens", counters.generated_tokens}});
  return out;
}

std::string Core::Metrics() {
  if (!serving_) return {};
  return metrics_.Text(loop_->counters(), loop_->status(), pipeline_->Stages(), watch_->Forecasts(),
                       inventory_.counts());
}

}  // namespace motley
