#include "backends/opencl/stream.h"

#include <algorithm>

#include "backends/opencl/checks.h"

namespace motley::opencl {
namespace {

Status CheckRange(const Buffer& buffer, uint64_t offset, uint64_t bytes) {
  if (offset <= buffer.size() && bytes <= buffer.size() - offset) return {};
  return Error::Invalid("offset", std::to_string(bytes) + " bytes at " + std::to_string(offset) +
                                      " of a buffer of " + std::to_string(buffer.size()));
}

}  // namespace

Status ClStream::CopyIn(Bytes from, Buffer& to, uint64_t offset) {
  TRY(CheckRange(to, offset, from.size()));
  if (from.empty()) return {};
  return Check(
      device_.api().EnqueueWriteBuffer(queue_.get(), static_cast<cl_mem>(to.handle()), CL_TRUE,
                                       offset, from.size(), from.data(), 0, nullptr, nullptr),
      "clEnqueueWriteBuffer", Phase::kWait);
}

Status ClStream::CopyOut(Buffer& from, uint64_t offset, MutableBytes to) {
  TRY(CheckRange(from, offset, to.size()));
  if (to.empty()) return {};
  return Check(
      device_.api().EnqueueReadBuffer(queue_.get(), static_cast<cl_mem>(from.handle()), CL_TRUE,
                                      offset, to.size(), to.data(), 0, nullptr, nullptr),
      "clEnqueueReadBuffer", Phase::kWait);
}

Status ClStream::Launch(const OpCall& call) {
  TRY(CheckCall(call));
  TRY(CheckHandles(call));
  return LaunchCall(*this, call);
}

Status ClStream::Sync() {
  return Check(device_.api().Finish(queue_.get()), "clFinish", Phase::kWait);
}

Result<cl_mem> ClStream::Scratch(int slot, uint64_t bytes) {
  auto& buffer = scratch_[slot];
  if (!buffer || buffer->size() < bytes) {
    const uint64_t wanted = std::max(bytes, buffer ? buffer->size() * 2 : 0);
    buffer.reset();
    buffer = TRY(device_.AllocateRaw(wanted));
  }
  return buffer->memory();
}

}  // namespace motley::opencl
