#pragma once
// How long this process had to wait for a core, and how fast it is: whether a measurement can be
// believed. The functions are for any thread, a CorePace is for one.

#include <cstdint>

namespace motley {

// Nanoseconds that the threads alive now were ready to run and had no core, since each started:
// Linux's run delay, /proc/self/task/*/schedstat. 0 where the kernel does not tell.
int64_t WaitedForCoresNs();

// Nanoseconds of cores that everything but this process used since the start of the machine, in
// steps of a clock tick (10 ms): /proc/stat less our own. 0 where the kernel does not tell. Threads
// of ours may wait for each other; what others did not use, they did not take.
int64_t OthersUsedCoresNs();

// How fast a core runs now. A host may give it to another guest, or its twin thread to one, for
// seconds, and no kernel inside is told; a fixed chain of additions then takes up to twice as long.
class CorePace {
 public:
  // About 20 us of the core that the caller is on: how long they took against the quickest so far,
  // at least 1.
  double Slowdown();

 private:
  double best_ns_ = 0;
};

}  // namespace motley
