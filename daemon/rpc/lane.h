#pragma once
// Threads for what takes too long on the door's own: templates, tokenising, probing devices. The
// queue is bounded; what does not fit is refused.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace motley {

class Lane {
 public:
  Lane(int threads, size_t most_waiting);
  // Runs what has begun to its end, drops the rest.
  ~Lane();
  // False: the queue is full.
  bool Post(std::function<void()> job);

 private:
  void Run();
  const size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace motley
