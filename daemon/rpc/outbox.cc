#include "daemon/rpc/outbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace motley {

Result<std::shared_ptr<Outbox>> Outbox::Make() {
  Fd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return ErrnoError("eventfd", errno);
  return std::shared_ptr<Outbox>(new Outbox(std::move(event)));
}

bool Outbox::Push(const std::shared_ptr<RpcCall>& call, const v1::ServerMessage& message,
                  bool last) {
  std::string bytes = message.SerializeAsString();
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    call->pending_bytes += static_cast<int64_t>(bytes.size());
    waiting_.push_back({call, std::move(bytes), last});
  }
  Wake();
  return true;
}

std::vector<RpcOutgoing> Outbox::Take() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(event_.get(), &count, sizeof count);
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void Outbox::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  waiting_.clear();
}

void Outbox::Wake() {
  const uint64_t one = 1;  // a full counter wakes as well
  [[maybe_unused]] const ssize_t n = write(event_.get(), &one, sizeof one);
}

}  // namespace motley
