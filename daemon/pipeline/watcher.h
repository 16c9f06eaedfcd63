#pragma once
// Sees the death of any of a set of processes at once: one thread that polls their pidfds. Watch
// may be called from any one thread; the callback runs on the watcher's.

#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/os.h"

namespace motley {

class DeathWatcher {
 public:
  // `on_death` gets the index in the list given to Watch, once per Watch.
  explicit DeathWatcher(std::function<void(size_t)> on_death);
  ~DeathWatcher();
  DeathWatcher(const DeathWatcher&) = delete;
  DeathWatcher& operator=(const DeathWatcher&) = delete;

  // From now on these, instead of those before: once it returns, no callback tells of an older one.
  // The descriptors are duplicated. Not to be called with a lock that the callback takes.
  void Watch(const std::vector<const Fd*>& pidfds);

 private:
  void Loop();
  void Wake();

  const std::function<void(size_t)> on_death_;
  std::mutex mutex_;
  std::vector<Fd> pidfds_;  // under mutex_
  uint64_t list_ = 0;       // under mutex_: how often they were replaced
  bool stop_ = false;       // under mutex_
  Fd wake_;
  std::thread thread_;
};

}  // namespace motley
