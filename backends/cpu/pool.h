#pragma once
// Fork and join over a handful of cores: the Team of a CPU device. A matmul of a small model lasts
// 5 to 20 us, so waiting threads spin on a generation counter for about a millisecond and only then
// sleep on a futex: joins cost well under a microsecond while a model runs, and an idle device uses
// no CPU.
//
// Owned by the device; Run and Scratch from one thread at a time.

#include <sched.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "kernels/team.h"

namespace motley {

class Pool : public Team {
 public:
  // Threads on `cpus`. With as many threads as CPUs each is pinned to its own, thread 0 (whoever
  // calls Run) at its first call: left alone, the scheduler may keep two spinning threads on one
  // CPU for milliseconds. With fewer they may use all of `cpus`, so that devices which share a
  // socket do not meet on its first ones.
  Pool(int threads, const cpu_set_t& cpus);
  ~Pool() override;  // gives the thread that called Run its CPUs back, if it is the one that ends
                     // the pool
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const override { return threads_; }
  std::byte* Scratch(size_t bytes) override;

 protected:
  void RunRaw(Raw function, void* argument) override;

 private:
  void Worker(int index);
  void PinCaller();
  void Pin(int index) const;  // the calling thread
  void Spin(uint32_t seen) const;

  const int threads_;
  const cpu_set_t cpus_;
  const bool pinned_;
  pid_t caller_ = 0;  // the thread that runs as thread 0
  cpu_set_t callers_cpus_;
  std::unique_ptr<std::byte[]> scratch_;
  size_t scratch_size_ = 0;
  Raw function_ = nullptr;
  void* argument_ = nullptr;
  // Each on its own line: the caller polls `pending_` while the workers poll `generation_`.
  alignas(64) std::atomic<uint32_t> generation_{0};
  alignas(64) std::atomic<uint32_t> pending_{0};
  alignas(64) std::atomic<uint32_t> sleepers_{0};
  alignas(64) std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace motley
