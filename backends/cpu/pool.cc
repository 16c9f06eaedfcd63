#include "backends/cpu/pool.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

#include "base/clock.h"

namespace motley {
namespace {

// A time and not a count: a pause takes 5 ns on one machine and 45 ns on another of the same
// family.
constexpr int64_t kSpinNs = 1'000'000;
// After this the CPU is offered to others between looks: on a busy machine the thread that
// everybody waits for may be the one that waits for this CPU.
constexpr int64_t kPoliteNs = 100'000;
constexpr int kPollsPerClock = 256;  // the clock is read seldom: it delays seeing the generation

void FutexWait(std::atomic<uint32_t>* word, uint32_t seen) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr,
          0);
}

void FutexWakeAll(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
          nullptr, 0);
}

pid_t ThreadId() {
  static thread_local const pid_t id = gettid();
  return id;
}

}  // namespace

Pool::Pool(int threads, const cpu_set_t& cpus)
    : threads_(threads), cpus_(cpus), pinned_(threads == CPU_COUNT(&cpus)) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { Worker(i); });
}

Pool::~Pool() {
  stop_.store(true);
  generation_.fetch_add(1);
  FutexWakeAll(&generation_);
  for (std::thread& worker : workers_) worker.join();
  if (caller_ == ThreadId()) sched_setaffinity(0, sizeof callers_cpus_, &callers_cpus_);
}

std::byte* Pool::Scratch(size_t bytes) {
  constexpr size_t kAlignment = 64;
  if (bytes > scratch_size_) {
    scratch_ = std::make_unique_for_overwrite<std::byte[]>(bytes + kAlignment);
    scratch_size_ = bytes;
  }
  const auto address = reinterpret_cast<uintptr_t>(scratch_.get());
  return scratch_.get() + (kAlignment - address % kAlignment) % kAlignment;
}

void Pool::Pin(int index) const {
  if (!pinned_) {
    sched_setaffinity(0, sizeof cpus_, &cpus_);
    return;
  }
  int cpu = 0;
  while (!CPU_ISSET(cpu, &cpus_) || index-- > 0) ++cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
}

void Pool::PinCaller() {
  if (caller_ == ThreadId()) return;
  caller_ = ThreadId();
  sched_getaffinity(0, sizeof callers_cpus_, &callers_cpus_);
  Pin(0);
}

void Pool::RunRaw(Raw function, void* argument) {
  PinCaller();
  if (threads_ > 1) {
    function_ = function;
    argument_ = argument;
    pending_.store(static_cast<uint32_t>(threads_ - 1), std::memory_order_relaxed);
    // seq_cst on both sides: either the worker sees the new generation before it sleeps or the
    // caller sees the sleeper, so the wake syscall is paid only when somebody does sleep.
    generation_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) != 0) FutexWakeAll(&generation_);
  }
  function(argument, 0);
  // The shares are equal, so the others are about to finish; when they are not, somebody else has
  // their CPU and may be waiting for this one.
  for (int polls = 0; pending_.load(std::memory_order_acquire) != 0; ++polls) {
    _mm_pause();
    if (polls > 10'000) sched_yield();
  }
}

void Pool::Spin(uint32_t seen) const {
  Clock& clock = RealClock();
  const int64_t start = clock.NowNs();
  for (int64_t now = start; now - start < kSpinNs; now = clock.NowNs()) {
    for (int i = 0; i < kPollsPerClock; ++i) {
      if (generation_.load(std::memory_order_acquire) != seen) return;
      _mm_pause();
    }
    if (now - start > kPoliteNs) sched_yield();
  }
}

void Pool::Worker(int index) {
  Pin(index);
  uint32_t seen = 0;
  while (true) {
    Spin(seen);
    while (generation_.load(std::memory_order_acquire) == seen) {
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      FutexWait(&generation_, seen);  // returns at once when the generation has moved on
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    }
    ++seen;
    if (stop_.load(std::memory_order_relaxed)) return;
    function_(argument_, index);
    pending_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace motley
