#include "daemon/pipeline/watcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace motley {

DeathWatcher::DeathWatcher(std::function<void(size_t)> on_death)
    : on_death_(std::move(on_death)), wake_(eventfd(0, EFD_CLOEXEC)), thread_([this] { Loop(); }) {}

DeathWatcher::~DeathWatcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  Wake();
  thread_.join();
}

void DeathWatcher::Watch(const std::vector<const Fd*>& pidfds) {
  {
    const std::lock_guard lock(mutex_);
    ++list_;
    pidfds_.clear();
    for (const Fd* fd : pidfds) pidfds_.emplace_back(fcntl(fd->get(), F_DUPFD_CLOEXEC, 0));
  }
  Wake();
}

void DeathWatcher::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

void DeathWatcher::Loop() {
  while (true) {
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
    uint64_t list = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      list = list_;
      for (const Fd& fd : pidfds_) polled.push_back({fd.get(), POLLIN, 0});
    }
    poll(polled.data(), polled.size(), -1);
    if (polled[0].revents != 0) {  // another list; what else happened is seen on the next turn
      uint64_t count;
      [[maybe_unused]] const ssize_t n = read(wake_.get(), &count, sizeof count);
      continue;
    }
    const std::lock_guard lock(mutex_);
    if (list != list_) continue;  // they are watched no more
    for (size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      pidfds_.clear();  // said once; the owner watches again when it has acted
      on_death_(i - 1);
      break;
    }
  }
}

}  // namespace motley
