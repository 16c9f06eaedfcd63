#include "backends/opencl/memory.h"

#include "base/checked.h"

namespace motley::opencl {

Status Ledger::Take(uint64_t bytes) {
  if (bytes > buffer_limit_) {
    return Error{Code::kOutOfMemory, "needs one buffer of " + FormatBytes(bytes) + ", " + device_ +
                                         " allows at most " + FormatBytes(buffer_limit_)};
  }
  if (bytes > free()) {
    return Error{Code::kOutOfMemory, "needs " + FormatBytes(bytes) + ", " + FormatBytes(free()) +
                                         " of " + FormatBytes(limit_) + " free on " + device_};
  }
  used_ += bytes;
  return {};
}

Result<std::unique_ptr<ClBuffer>> MakeBuffer(const Api& api, cl_context context,
                                             const std::shared_ptr<Ledger>& ledger,
                                             uint64_t bytes) {
  const auto rounded = CheckedRoundUp<uint64_t>(bytes == 0 ? 1 : bytes, 64);
  if (!rounded) return Error{Code::kOutOfMemory, "needs " + FormatBytes(bytes)};
  TRY(ledger->Take(*rounded));
  cl_int error = 0;
  Memory memory(api, api.CreateBuffer(context, CL_MEM_READ_WRITE, *rounded, nullptr, &error));
  if (error != CL_SUCCESS) {
    ledger->Return(*rounded);
    return ToError(error, "a buffer of " + FormatBytes(*rounded), Phase::kSetUp);
  }
  return std::make_unique<ClBuffer>(std::move(memory), bytes, *rounded, ledger);
}

}  // namespace motley::opencl
