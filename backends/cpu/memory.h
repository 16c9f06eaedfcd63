#pragma once
// Host memory as a device's buffers: anonymous pages that read as zeros and cost nothing until
// touched, so a KV cache takes memory as it fills. Any thread.

#include <memory>

#include "backends/backend.h"
#include "base/os.h"

namespace motley {

enum class Pages {
  kSmall,  // caches and values
  kHuge,   // weights: read front to back, all of them
};

// OutOfMemory when the kernel refuses. `numa_node` -1: wherever the first touch happens; else
// preferred.
Result<std::unique_ptr<Buffer>> MakeHostBuffer(uint64_t bytes, Pages pages, int numa_node);

}  // namespace motley
