#pragma once
// Device memory with a ledger of our own: runtimes report sizes they do not enforce (PoCL), or
// commit late. One thread at a time, as the Device.

#include <memory>
#include <string>

#include "backends/backend.h"
#include "backends/opencl/driver/api.h"

namespace motley::opencl {

// What is left of a device.
class Ledger {
 public:
  Ledger(std::string device, uint64_t limit, uint64_t buffer_limit)
      : device_(std::move(device)), limit_(limit), buffer_limit_(buffer_limit) {}
  uint64_t free() const { return limit_ - used_; }
  // OutOfMemory names the limit: the device's memory, or the largest buffer its driver allows.
  Status Take(uint64_t bytes);
  void Return(uint64_t bytes) { used_ -= bytes; }

 private:
  std::string device_;
  uint64_t limit_, buffer_limit_, used_ = 0;
};

// A cl_mem as handle. Bytes are rounded up to 64.
class ClBuffer : public Buffer {
 public:
  ClBuffer(Memory memory, uint64_t bytes, uint64_t taken, std::shared_ptr<Ledger> ledger)
      : memory_(std::move(memory)), bytes_(bytes), taken_(taken), ledger_(std::move(ledger)) {}
  ~ClBuffer() override { ledger_->Return(taken_); }
  void* handle() override { return memory_.get(); }
  uint64_t size() const override { return bytes_; }
  cl_mem memory() const { return memory_.get(); }

 private:
  Memory memory_;
  uint64_t bytes_, taken_;
  std::shared_ptr<Ledger> ledger_;
};

// Not cleared. OutOfMemory when the ledger or the runtime refuses.
Result<std::unique_ptr<ClBuffer>> MakeBuffer(const Api& api, cl_context context,
                                             const std::shared_ptr<Ledger>& ledger, uint64_t bytes);

}  // namespace motley::opencl
