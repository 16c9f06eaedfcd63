#pragma once
// What other threads have for the clients, on its way to the one thread that owns the socket. It
// outlives the server in the hands of sinks that are still running, and then takes nothing more.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/os.h"
#include "base/result.h"
#include "client/proto/motley.pb.h"

namespace motley {

// A client (its routing id) and the number it gave its request.
struct RpcAddress {
  std::string client;
  uint64_t number = 0;
  auto operator<=>(const RpcAddress&) const = default;
};

// A running request as its sink, its helper and the door's thread share it.
struct RpcCall {
  explicit RpcCall(RpcAddress to) : address(std::move(to)) {}
  const RpcAddress address;
  std::atomic<bool> cancelled{false};
  std::atomic<int64_t> pending_bytes{0};  // not yet handed to the socket
  std::atomic<uint64_t> core_number{0};   // 0: not queued in the core yet
};

struct RpcOutgoing {
  std::shared_ptr<RpcCall> call;
  std::string bytes;
  bool last = false;  // the request ends with it
};

class Outbox {
 public:
  static Result<std::shared_ptr<Outbox>> Make();

  // Any thread, never blocks. False: nobody will send it any more.
  bool Push(const std::shared_ptr<RpcCall>& call, const v1::ServerMessage& message, bool last);
  std::vector<RpcOutgoing> Take();
  void Close();
  // Readable when there may be something to take; also by Wake.
  int fd() const { return event_.get(); }
  void Wake();

 private:
  explicit Outbox(Fd event) : event_(std::move(event)) {}
  const Fd event_;
  std::mutex mutex_;
  std::vector<RpcOutgoing> waiting_;
  bool closed_ = false;
};

}  // namespace motley
