#pragma once
// An in-order queue of one device: launches return once queued, CopyIn and CopyOut wait. Must not
// outlive its device.

#include <memory>

#include "backends/backend.h"
#include "backends/opencl/device.h"

namespace motley::opencl {

class ClStream : public Stream {
 public:
  ClStream(ClDevice& device, Queue queue) : device_(device), queue_(std::move(queue)) {}

  Status CopyIn(Bytes from, Buffer& to, uint64_t offset) override;
  Status CopyOut(Buffer& from, uint64_t offset, MutableBytes to) override;
  Status Launch(const OpCall& call) override;
  Status Sync() override;

  // For the launchers (launch.cc).
  ClDevice& device() { return device_; }
  cl_command_queue queue() { return queue_.get(); }
  // At least `bytes`, one for each `slot` (0 or 1); grows, and is then another buffer. Work queued
  // on the old one is safe: the runtime keeps it until it is done.
  Result<cl_mem> Scratch(int slot, uint64_t bytes);

 private:
  ClDevice& device_;
  Queue queue_;
  std::unique_ptr<ClBuffer> scratch_[2];
};

// Queues one op; shapes and handles have been checked.
Status LaunchCall(ClStream& stream, const OpCall& call);

}  // namespace motley::opencl
