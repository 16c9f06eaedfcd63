#pragma once
// ZeroMQ without its exceptions and with the limits of docs/protocol.md set. A socket belongs to
// one thread at a time; the context outlives its sockets.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace motley::rpc {

class ZmqContext {
 public:
  ZmqContext();
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  ~ZmqContext();
  void* get() const { return context_; }

 private:
  void* context_;
};

enum class Role {
  kRouter,  // sending to a client that is gone is an error
  kDealer,
  kMonitor,  // of a dealer in the same process
};

class ZmqSocket {
 public:
  // Internal when the process is out of descriptors.
  static Result<ZmqSocket> Open(const ZmqContext& context, Role role);
  ZmqSocket(ZmqSocket&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
  ZmqSocket& operator=(ZmqSocket&&) = delete;
  ~ZmqSocket();
  void* get() const { return socket_; }

  Status Bind(const std::string& address);
  Status Connect(const std::string& address);
  // Events of losing the connection go to `address` (inproc://).
  Status Monitor(const std::string& address);

  // One message, never waiting. False: there was none. Of a longer one only `most` frames are kept.
  bool Receive(std::vector<std::string>& frames, size_t most);
  // Never waits. 0, EAGAIN (the peer's queue is full) or EHOSTUNREACH (router: no such client).
  int Send(const std::vector<std::string_view>& frames);

 private:
  explicit ZmqSocket(void* socket) : socket_(socket) {}
  void* socket_;
};

// Waits until one of `sockets` or the descriptor can be read; `timeout_ms` -1: for ever.
void WaitReadable(const std::vector<const ZmqSocket*>& sockets, int fd, long timeout_ms);

// The path of ipc:///path. InvalidArgument (field "rpc") for everything else, with the reason.
Result<std::string> PathOfAddress(const std::string& address);

}  // namespace motley::rpc
