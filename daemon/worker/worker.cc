#include "daemon/worker/worker.h"

#include <memory>

#include "backends/backend.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/wire/messages.h"
#include "daemon/worker/measure.h"
#include "engine/exec/stage.h"

namespace motley {
namespace {

constexpr int64_t kSpinUs = 200;     // awake for the next step: a sleeper costs 5-50 us to wake
constexpr int64_t kWaitUs = 50'000;  // then asleep, looking at the control socket now and then
constexpr int64_t kPeerTimeoutUs = 5'000'000;
constexpr int64_t kProgressNs = 100'000'000;

class Worker {
 public:
  Worker(Fd control, Clock& clock) : control_(std::move(control)), clock_(clock) {}

  Status Open(const WorkerOptions& options);
  Status Serve();
  Status ReplyFailure(const Error& error);

 private:
  Status HandleControl();
  Status Load(const wire::Load& request);
  Status Reply(const wire::ControlReply& reply) { return SendControl(control_, reply); }
  void ReportProgress(uint64_t done, uint64_t total);
  Status RunFrame(std::span<const std::byte> frame);
  Status RunStage(const StepFrame& frame, wire::Step* step, FrameWriter* out);

  Fd control_;
  Clock& clock_;
  std::unique_ptr<Backend> backend_, host_backend_;
  std::unique_ptr<Device> device_, host_;
  std::unique_ptr<Stage> stage_;
  StageShape shape_;
  std::unique_ptr<RingReader> in_;
  std::unique_ptr<RingWriter> out_;
  int64_t last_progress_ns_ = 0;
};

Status Worker::Open(const WorkerOptions& options) {
  backend_ = TRY(LoadBackend(options.backend));
  device_ = TRY(backend_->Open(options.device, {.threads = options.threads}));
  wire::ControlReply reply;
  reply.mutable_ready()->set_device(device_->info().id);
  reply.mutable_ready()->set_name(device_->info().name);
  return Reply(reply);
}

Status Worker::ReplyFailure(const Error& error) {
  wire::ControlReply reply;
  *reply.mutable_failure() = ToWire(error);
  return Reply(reply);
}

void Worker::ReportProgress(uint64_t done, uint64_t total) {
  const int64_t now = clock_.NowNs();
  if (done < total && now - last_progress_ns_ < kProgressNs) return;
  last_progress_ns_ = now;
  wire::ControlReply reply;
  reply.mutable_progress()->set_done_bytes(done);
  reply.mutable_progress()->set_total_bytes(total);
  (void)Reply(reply);  // a motleyd that is gone is seen by Serve
}

Status Worker::Load(const wire::Load& request) {
  stage_.reset();  // its memory before the next one's
  shape_ = {request.first_item(),    request.last_item(), request.max_rows(),
            request.max_sequences(), request.kv_blocks(), request.block_tokens()};
  const Manifest manifest = TRY(LoadManifest(request.model_path()));
  const ModelGraph graph = TRY(BuildGraph(manifest));
  const auto progress = [this](uint64_t done, uint64_t total) { ReportProgress(done, total); };
  auto stage = Stage::Load(manifest, graph, *device_, nullptr, shape_, progress);
  if (!stage.ok() && stage.error().code == Code::kUnsupported && device_->info().backend != "cpu") {
    host_backend_ = TRY(LoadBackend("cpu"));
    host_ = TRY(host_backend_->Open("cpu0", {}));
    stage = Stage::Load(manifest, graph, *device_, host_.get(), shape_, progress);
  }
  stage_ = TRY(std::move(stage));
  wire::ControlReply reply;
  wire::Loaded* loaded = reply.mutable_loaded();
  loaded->set_weight_bytes(stage_->weight_bytes());
  loaded->set_kv_bytes(stage_->kv_bytes());
  loaded->set_hidden(stage_->hidden());
  for (const std::string& op : stage_->host_ops()) loaded->add_host_ops(op);
  return Reply(reply);
}

// One control message, if there is one. The end of motleyd is Unavailable.
Status Worker::HandleControl() {
  const int wait_ms = in_ ? 0 : -1;
  auto message = ReceiveMessage(control_, wait_ms, kControlLimit);
  if (!message.ok()) {
    if (message.error().code == Code::kCancelled) return {};
    return message.ReleaseError();
  }
  wire::ControlRequest request;
  if (!request.ParseFromString(message->data))
    return ReplyFailure(Error::Invalid("control", "not a request"));
  Status status;
  if (request.has_load()) status = Load(request.load());
  if (request.has_measure()) {
    auto measured = MeasureStage(stage_.get(), shape_, request.measure(), clock_);
    if (!measured.ok()) return ReplyFailure(measured.error());
    wire::ControlReply reply;
    *reply.mutable_measured() = measured.ReleaseValue();
    return Reply(reply);
  }
  if (request.has_wire()) {
    if (message->fds.size() != 2)
      return ReplyFailure(Error::Invalid("wire", "two rings are needed"));
    in_ = std::make_unique<RingReader>(TRY(RingReader::Open(message->fds[0])));
    out_ = std::make_unique<RingWriter>(TRY(RingWriter::Open(message->fds[1])));
    wire::ControlReply reply;
    reply.set_wired(true);
    return Reply(reply);
  }
  if (!status.ok()) return ReplyFailure(status.error());
  return {};
}

Status Worker::RunStage(const StepFrame& frame, wire::Step* step, FrameWriter* out) {
  if (!stage_) return Error::Internal("a step came before a stage was loaded");
  const Batch batch = BatchFromWire(frame.step);
  const int64_t start = clock_.NowNs();
  std::vector<TokenLogprob> results;
  TRY(stage_->Run(batch, frame.hidden, out->hidden(), &results));
  AddResults(results, step);
  wire::StageTime* time = step->add_stages();
  time->set_device(device_->info().id);
  time->set_first_item(shape_.first_item);
  time->set_last_item(shape_.last_item);
  time->set_ms(SecondsBetween(start, clock_.NowNs()) * 1e3);
  return {};
}

// A step that failed before travels on to the end, where motleyd waits for it.
Status Worker::RunFrame(std::span<const std::byte> bytes) {
  StepFrame frame = TRY(DecodeFrame(bytes));
  wire::Step step = frame.step;
  const bool runs = !step.has_failure() && stage_;
  const size_t values = runs && !stage_->has_head() ? static_cast<size_t>(step.tokens_size()) *
                                                          static_cast<size_t>(stage_->hidden())
                                                    : 0;
  FrameWriter out = TRY(FrameWriter::Reserve(*out_, values, kPeerTimeoutUs));
  if (!step.has_failure()) {
    const Status status = RunStage(frame, &step, &out);
    if (!status.ok()) {
      *step.mutable_failure() = ToWire(status.error());
      step.set_failed_device(device_->info().id);
    }
    if (stage_ && stage_->has_head()) step.clear_sequences();  // motleyd has them
    TRY(out.Commit(step));
    if (!status.ok() && status.error().code == Code::kDeviceLost) return status;
    return {};
  }
  return out.Commit(step);
}

Status Worker::Serve() {
  while (true) {
    TRY(HandleControl());
    if (!in_) continue;
    const auto frame = in_->Peek(kWaitUs, kSpinUs);
    if (!frame.ok() && frame.error().code == Code::kCancelled) continue;
    if (!frame.ok()) return frame.error();
    TRY(RunFrame(*frame));
    in_->Release();
  }
}

}  // namespace

int RunWorker(const WorkerOptions& options, Fd control) {
  SetLogName("worker " + options.device);
  Worker worker(std::move(control), RealClock());
  if (const Status opened = worker.Open(options); !opened.ok()) {
    (void)worker.ReplyFailure(opened.error());
    return 1;
  }
  const Status ended = worker.Serve();
  if (ended.ok() || ended.error().code == Code::kUnavailable)
    return 0;  // motleyd is gone: a quiet end
  LogError(ended.error().message);
  return 1;
}

}  // namespace motley
