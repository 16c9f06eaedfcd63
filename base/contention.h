#pragma once
// How long this process had to wait for a core: whether a measurement can be believed. Any thread.

#include <cstdint>

namespace motley {

// Nanoseconds that the threads alive now were ready to run and had no core, since each started:
// Linux's run delay, /proc/self/task/*/schedstat. 0 where the kernel does not tell.
int64_t WaitedForCoresNs();

}  // namespace motley
