#include "backends/cpu/stream.h"

#include <cstring>

#include "backends/cpu/checks.h"

namespace motley {
namespace {

Status CheckRange(const Buffer& buffer, uint64_t offset, uint64_t bytes) {
  if (offset <= buffer.size() && bytes <= buffer.size() - offset) return {};
  return Error::Invalid("offset", std::to_string(bytes) + " bytes at " + std::to_string(offset) +
                                      " of a buffer of " + std::to_string(buffer.size()));
}

}  // namespace

Status CpuStream::CopyIn(Bytes from, Buffer& to, uint64_t offset) {
  TRY(CheckRange(to, offset, from.size()));
  if (!from.empty()) std::memcpy(to.host() + offset, from.data(), from.size());
  return {};
}

Status CpuStream::CopyOut(Buffer& from, uint64_t offset, MutableBytes to) {
  TRY(CheckRange(from, offset, to.size()));
  if (!to.empty()) std::memcpy(to.data(), from.host() + offset, to.size());
  return {};
}

Status CpuStream::Launch(const OpCall& call) {
  TRY(CheckShapes(call));
  TRY(CheckData(call));
  RunOp(kernels_, call, team_);
  return {};
}

}  // namespace motley
