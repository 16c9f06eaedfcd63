#include "daemon/pipeline/worker_process.h"

#include <poll.h>
#include <signal.h>

#include "daemon/wire/messages.h"

namespace motley {
namespace {

constexpr int kControlFd = 3;
constexpr int kReapMs = 2000;

}  // namespace

Result<WorkerProcess> WorkerProcess::Start(const DeviceChoice& device) {
  auto [ours, theirs] = TRY(MakeSocketPair());
  Child child =
      TRY(Spawn({.arguments = {HelperProgram("motley-worker"), "--backend", device.backend,
                               "--device", device.id, "--threads", std::to_string(device.threads),
                               "--control-fd", std::to_string(kControlFd)},
                 .fds = {{theirs.get(), kControlFd}}}));
  return WorkerProcess(device.id, std::move(child), std::move(ours));
}

bool WorkerProcess::alive() const {
  if (!child_.running()) return false;
  pollfd p{child_.pidfd().get(), POLLIN, 0};
  return poll(&p, 1, 0) == 0;
}

std::string WorkerProcess::Kill() {
  if (!child_.running()) return "not running";
  child_.Signal(SIGKILL);
  const auto status = child_.Wait(kReapMs);
  return status.ok() ? DescribeWaitStatus(*status) : status.error().message;
}

Status WorkerProcess::Send(const wire::ControlRequest& request, const std::vector<int>& fds) {
  return SendControl(control_, request, fds);
}

Result<wire::ControlReply> WorkerProcess::Receive(int timeout_ms) {
  auto message = ReceiveMessage(control_, timeout_ms, kControlLimit);
  if (!message.ok()) {
    if (message.error().code != Code::kUnavailable) return message.ReleaseError();
    return Error::Unavailable("the worker of " + device_ + " died: " + Kill());
  }
  wire::ControlReply reply;
  if (!reply.ParseFromString(message->data)) {
    return Error::Internal("the worker of " + device_ + " answered nonsense");
  }
  if (reply.has_failure()) return FromWire(reply.failure());
  return reply;
}

Status WorkerProcess::WaitReady(int timeout_ms) {
  const wire::ControlReply reply = TRY(Receive(timeout_ms));
  if (!reply.has_ready()) return Error::Internal("the worker of " + device_ + " spoke out of turn");
  return {};
}

Result<wire::Loaded> WorkerProcess::Load(const wire::Load& request, const Progress& progress,
                                         int timeout_ms) {
  wire::ControlRequest control;
  *control.mutable_load() = request;
  TRY(Send(control));
  while (true) {
    const wire::ControlReply reply = TRY(Receive(timeout_ms));
    if (reply.has_loaded()) return reply.loaded();
    if (reply.has_progress() && progress) {
      progress(reply.progress().done_bytes(), reply.progress().total_bytes());
    }
  }
}

Status WorkerProcess::Wire(const Fd& in, const Fd& out, int timeout_ms) {
  wire::ControlRequest control;
  control.mutable_wire();
  TRY(Send(control, {in.get(), out.get()}));
  TRY(Receive(timeout_ms));
  return {};
}

Result<wire::Measured> WorkerProcess::Measure(const wire::Measure& request, int timeout_ms) {
  wire::ControlRequest control;
  *control.mutable_measure() = request;
  TRY(Send(control));
  return TRY(Receive(timeout_ms)).measured();
}

}  // namespace motley
