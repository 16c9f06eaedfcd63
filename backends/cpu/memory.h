#pragma once
// Host memory as a device's buffers: anonymous pages that read as zeros and cost nothing until
// touched, so a KV cache takes memory as it fills. Any thread.

#include <memory>

#include "backends/backend.h"
#include "base/os.h"

namespace motley {

// OutOfMemory when the kernel refuses. `numa_node` -1: wherever the first touch happens; else
// preferred.
Result<std::unique_ptr<Buffer>> MakeHostBuffer(uint64_t bytes, int numa_node);

// Weights side by side in chunks that ask for huge pages: the matrices of a small model are smaller
// than one page of 2 MiB, and reading them in small pages is a third slower. A chunk goes when the
// last buffer in it does. One thread; the buffers may outlive the arena.
class WeightArena {
 public:
  explicit WeightArena(int numa_node) : numa_node_(numa_node) {}
  // 64-byte aligned and zeroed. Errors: as MakeHostBuffer.
  Result<std::unique_ptr<Buffer>> Allocate(uint64_t bytes);

 private:
  const int numa_node_;
  std::shared_ptr<Mapping> chunk_;
  uint64_t used_ = 0;
};

}  // namespace motley
