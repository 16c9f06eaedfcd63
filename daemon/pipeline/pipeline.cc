#include "daemon/pipeline/pipeline.h"

#include "base/log.h"
#include "daemon/wire/messages.h"

namespace motley {
namespace {

constexpr int kReadyMs = 30'000;  // a vendor's driver may take its time to start
constexpr int kLoadMs = 60'000;   // between two signs of progress
constexpr int kWireMs = 10'000;
constexpr int64_t kSliceUs = 2'000;  // how soon a waiting Run looks at dead_
constexpr int64_t kSpinUs = 20;      // the workers need the cores more
constexpr int64_t kSendUs = 1'000'000;
constexpr int64_t kStepLimitNs = 600'000'000'000;
constexpr size_t kMaxDeaths = 5;
constexpr int64_t kDeathWindowNs = 300'000'000'000;

}  // namespace

Pipeline::Pipeline(PipelineOptions options, Clock& clock, std::function<void()> on_death)
    : options_(std::move(options)), clock_(clock), watcher_([this, on_death](size_t index) {
        dead_.store(static_cast<int>(index));
        if (on_death) on_death();
      }) {}

Result<std::unique_ptr<Pipeline>> Pipeline::Start(PipelineOptions options, Clock& clock,
                                                  const std::function<void(double)>& progress,
                                                  std::function<void()> on_death) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(std::move(options), clock, std::move(on_death)));
  const size_t count = pipeline->options_.stages.size();
  for (size_t i = 0; i < count; ++i) {  // all drivers start side by side
    pipeline->members_.push_back(
        {TRY(pipeline->StartWorker(i)), {pipeline->options_.stages[i]}, {}});
  }
  for (size_t i = 0; i < count; ++i) {
    TRY(pipeline->members_[i].worker.WaitReady(kReadyMs));
    const double share = 1.0 / static_cast<double>(count), before = share * static_cast<double>(i);
    TRY(pipeline->LoadStage(i, [&](double part) {
      if (progress) progress(before + share * part);
    }));
  }
  TRY(pipeline->WireAll());
  return pipeline;
}

Result<WorkerProcess> Pipeline::StartWorker(size_t index) {
  return WorkerProcess::Start(options_.devices[index]);
}

Status Pipeline::LoadStage(size_t index, const std::function<void(double)>& progress) {
  Member& member = members_[index];
  wire::Load load;
  load.set_model_path(options_.model_path);
  load.set_first_item(member.status.stage.first_item);
  load.set_last_item(member.status.stage.last_item);
  load.set_max_rows(options_.limits.batch_rows);
  load.set_max_sequences(options_.limits.max_sequences);
  load.set_kv_blocks(options_.limits.kv_blocks);
  load.set_block_tokens(options_.limits.block_tokens);
  const auto report = [&](uint64_t done, uint64_t total) {
    if (progress && total > 0) progress(static_cast<double>(done) / static_cast<double>(total));
  };
  const wire::Loaded loaded = TRY(member.worker.Load(load, report, kLoadMs));
  const std::lock_guard lock(status_mutex_);
  member.status.pid = member.worker.pid();
  member.status.weight_bytes = loaded.weight_bytes();
  member.status.kv_bytes = loaded.kv_bytes();
  member.status.host_ops.assign(loaded.host_ops().begin(), loaded.host_ops().end());
  return {};
}

// Fresh rings for everybody: what was under way is void.
Status Pipeline::WireAll() {
  const size_t frame = MaxFrameBytes(options_.limits.batch_rows, options_.limits.max_sequences,
                                     options_.limits.kv_blocks, options_.hidden);
  std::vector<Fd> rings;
  for (size_t i = 0; i <= members_.size(); ++i)
    rings.push_back(TRY(Ring::Make("motley-ring", frame)));
  for (size_t i = 0; i < members_.size(); ++i) {
    TRY(members_[i].worker.Wire(rings[i], rings[i + 1], kWireMs));
  }
  out_ = std::make_unique<RingWriter>(TRY(RingWriter::Open(rings.front())));
  in_ = std::make_unique<RingReader>(TRY(RingReader::Open(rings.back())));
  watcher_.Watch({});  // from here on no death of before is told
  dead_.store(-1);
  std::vector<const Fd*> pidfds;
  for (const Member& member : members_) pidfds.push_back(&member.worker.pidfd());
  watcher_.Watch(pidfds);
  return {};
}

Status Pipeline::SendBatch(const Batch& batch) {
  FrameWriter frame = TRY(FrameWriter::Reserve(*out_, 0, kSendUs));
  return frame.Commit(ToWire(batch));
}

Result<wire::Step> Pipeline::ReceiveStep(uint64_t step) {
  const int64_t deadline = clock_.NowNs() + kStepLimitNs;
  while (true) {
    const auto bytes = in_->Peek(kSliceUs, kSpinUs);
    if (bytes.ok()) {
      StepFrame frame = TRY(DecodeFrame(*bytes));
      in_->Release();
      if (frame.step.step() == step) return std::move(frame.step);
      continue;  // of a step that was given up
    }
    if (bytes.error().code != Code::kCancelled) return bytes.error();
    if (broken()) return Error::DeviceLost("its worker died");
    if (clock_.NowNs() > deadline) {
      for (Member& member : members_) member.worker.Kill();
      return Error::DeviceLost("no answer within 600 s");
    }
  }
}

std::optional<DeviceLost> Pipeline::lost() {
  if (!broken()) return std::nullopt;
  return Lost();
}

DeviceLost Pipeline::Lost() {
  const int index = std::max(dead_.load(), 0);
  Member& member = members_[static_cast<size_t>(index)];
  return DeviceLost{member.worker.device(), "its worker died: " + member.worker.Kill()};
}

// A worker that said so itself is on its way out: nobody else is to meet it.
void Pipeline::Condemn(const std::string& device) {
  for (size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].worker.device() != device) continue;
    members_[i].worker.Kill();
    dead_.store(static_cast<int>(i));
  }
}

StepOutcome Pipeline::Run(const Batch& batch) {
  if (broken()) return Lost();
  if (const Status sent = SendBatch(batch); !sent.ok()) {
    if (broken()) return Lost();
    return Failed{sent.error()};
  }
  auto step = ReceiveStep(batch.step);
  if (!step.ok()) {
    if (step.error().code != Code::kDeviceLost) return Failed{step.ReleaseError()};
    return Lost();
  }
  if (step->has_failure()) {
    const Error error = FromWire(step->failure());
    if (error.code == Code::kOutOfMemory) return OutOfMemory{step->failed_device(), error.message};
    if (error.code == Code::kDeviceLost) {
      Condemn(step->failed_device());
      return DeviceLost{step->failed_device(), error.message};
    }
    return Failed{error};
  }
  Done done = DoneFromWire(*step);
  if (done.outputs.size() != batch.outputs.size()) {
    return Failed{Error::Internal("the last stage answered " + std::to_string(done.outputs.size()) +
                                  " of " + std::to_string(batch.outputs.size()) + " rows")};
  }
  return done;
}

Status Pipeline::Replace(Member& member, size_t index) {
  const int64_t now = clock_.NowNs();
  std::erase_if(member.deaths_ns, [&](int64_t t) { return now - t > kDeathWindowNs; });
  member.deaths_ns.push_back(now);
  if (member.deaths_ns.size() > kMaxDeaths) {
    return Error::Unavailable(member.worker.device() + " has lost its worker " +
                              std::to_string(member.deaths_ns.size()) + " times within 5 minutes")
        .Fix("leave the device out: --devices");
  }
  LogWarning("the worker of " + member.worker.device() + " died (" + member.worker.Kill() +
             "); starting another");
  member.worker = TRY(StartWorker(index));
  TRY(member.worker.WaitReady(kReadyMs));
  TRY(LoadStage(index, nullptr));
  const std::lock_guard lock(status_mutex_);
  ++member.status.restarts;
  return {};
}

Status Pipeline::Recover() {
  for (size_t i = 0; i < members_.size(); ++i) {
    if (!members_[i].worker.alive()) TRY(Replace(members_[i], i));
  }
  return WireAll();
}

std::vector<StageStatus> Pipeline::Stages() const {
  const std::lock_guard lock(status_mutex_);
  std::vector<StageStatus> out;
  for (const Member& member : members_) out.push_back(member.status);
  return out;
}

}  // namespace motley
