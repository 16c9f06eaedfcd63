#pragma once
// How long this process had to wait for a core: whether a measurement can be believed. Any thread.

#include <cstdint>

namespace motley {

// Nanoseconds that the threads alive now were ready to run and had no core, since each started:
// Linux's run delay, /proc/self/task/*/schedstat. 0 where the kernel does not tell.
int64_t WaitedForCoresNs();

// Nanoseconds of cores that everything but this process used since the start of the machine, in
// steps of a clock tick (10 ms): /proc/stat less our own. 0 where the kernel does not tell. Threads
// of ours may wait for each other; what others did not use, they did not take.
int64_t OthersUsedCoresNs();

}  // namespace motley
