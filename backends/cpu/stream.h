#pragma once
// The work queue of a CPU device: everything is done when the call returns, so Sync has nothing to
// wait for.

#include "backends/backend.h"
#include "kernels/registry.h"

namespace motley {

class CpuStream : public Stream {
 public:
  CpuStream(const CpuKernelTable& kernels, Team& team) : kernels_(kernels), team_(team) {}
  Status CopyIn(Bytes from, Buffer& to, uint64_t offset) override;
  Status CopyOut(Buffer& from, uint64_t offset, MutableBytes to) override;
  Status Launch(const OpCall& call) override;
  Status Sync() override { return {}; }

 private:
  const CpuKernelTable& kernels_;
  Team& team_;
};

}  // namespace motley
