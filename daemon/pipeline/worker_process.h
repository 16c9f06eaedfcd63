#pragma once
// motleyd's end of one worker: the process and its control socket. One thread at a time. Errors:
// Unavailable (the worker died: with its wait status), Cancelled (no answer in time), and what the
// worker answers.

#include <functional>
#include <string>

#include "base/os.h"
#include "base/result.h"

namespace motley {

namespace wire {  // daemon/wire/worker.proto
class ControlReply;
class ControlRequest;
class Load;
class Loaded;
class Measure;
class Measured;
class Step;
}  // namespace wire

// A device and how to reach it.
struct DeviceChoice {
  std::string backend;  // "cpu"
  std::string id;       // "cpu0"
  int threads = 0;
};

class WorkerProcess {
 public:
  using Progress = std::function<void(uint64_t done, uint64_t total)>;

  // Returns at once; the device opens meanwhile.
  static Result<WorkerProcess> Start(const DeviceChoice& device);

  const std::string& device() const { return device_; }
  pid_t pid() const { return child_.pid(); }
  const Fd& pidfd() const { return child_.pidfd(); }
  bool alive() const;
  // Ends it: SIGKILL, then how it had ended ("killed by signal 11 (Segmentation fault)").
  std::string Kill();

  Status WaitReady(int timeout_ms);
  Result<wire::Loaded> Load(const wire::Load& request, const Progress& progress, int timeout_ms);
  Status Wire(const Fd& in, const Fd& out, int timeout_ms);
  Result<wire::Measured> Measure(const wire::Measure& request, int timeout_ms);

 private:
  WorkerProcess(std::string device, Child child, Fd control)
      : device_(std::move(device)), child_(std::move(child)), control_(std::move(control)) {}
  Result<wire::ControlReply> Receive(int timeout_ms);
  Status Send(const wire::ControlRequest& request, const std::vector<int>& fds = {});

  std::string device_;
  Child child_;
  Fd control_;
};

}  // namespace motley
