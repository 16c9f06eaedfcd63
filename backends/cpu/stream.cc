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

struct Launcher {
  const CpuKernelTable& kernels;
  Team& team;
  void operator()(const op::GetRows<Tensor>& call) const { kernels.get_rows(call, team); }
  void operator()(const op::RmsNorm<Tensor>& call) const { kernels.rms_norm(call, team); }
  void operator()(const op::MulMat<Tensor>& call) const { kernels.mul_mat(call, team); }
  void operator()(const op::Rope<Tensor>& call) const { kernels.rope(call, team); }
  void operator()(const op::StoreKv<Tensor>& call) const { kernels.store_kv(call, team); }
  void operator()(const op::Attention<Tensor>& call) const { kernels.attention(call, team); }
  void operator()(const op::Add<Tensor>& call) const { kernels.add(call, team); }
  void operator()(const op::Glu<Tensor>& call) const { kernels.glu(call, team); }
};

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
  std::visit(Launcher{kernels_, team_}, call);
  return {};
}

}  // namespace motley
