#pragma once
// The client's end of the native protocol: one socket on a thread of its own, and an inbox for
// every request. Any thread may call; shared by a client and its generations.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/os.h"
#include "client/proto/wire.h"
#include "client/proto/zmq_socket.h"

namespace motley::client {

using Deadline = std::chrono::steady_clock::time_point;

// The deadline after `timeout`, at most a year ahead.
Deadline After(std::chrono::milliseconds timeout);

// What has come for one request.
class Inbox {
 public:
  explicit Inbox(uint64_t number) : number_(number) {}
  uint64_t number() const { return number_; }
  void Put(v1::ServerMessage message);
  void Fail(Error error);
  // Nothing when the deadline passes first. The failure comes after what was put before it.
  Result<std::optional<v1::ServerMessage>> Take(Deadline deadline);

 private:
  const uint64_t number_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::ServerMessage> messages_;
  std::optional<Error> failure_;
};

class Connection {
 public:
  // Errors: of the address; Unavailable when no server answers in time.
  static Result<std::shared_ptr<Connection>> Open(const std::string& address, Deadline deadline);
  Connection(std::unique_ptr<rpc::ZmqContext> context, rpc::ZmqSocket dealer,
             rpc::ZmqSocket monitor, Fd event);
  ~Connection();

  // Sends it under a new number.
  std::shared_ptr<Inbox> Begin(const v1::ClientMessage& message);
  // More for the same number.
  void Send(uint64_t number, const v1::ClientMessage& message);
  // Nobody reads this inbox any more.
  void Forget(uint64_t number);

 private:
  struct Outgoing {
    uint64_t number;
    std::string bytes;
  };
  void Loop();
  void SendWaiting();
  void ReceiveWaiting();
  void Deliver(const std::vector<std::string>& frames);
  void FailAll(const Error& error);
  bool IsSilent() const;
  void Wake();

  const std::unique_ptr<rpc::ZmqContext> context_;
  rpc::ZmqSocket dealer_, monitor_;  // of the thread alone
  const Fd event_;
  std::deque<Outgoing> unsent_;  // of the thread alone
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;  // guards the rest
  std::vector<Outgoing> outgoing_;
  std::map<uint64_t, std::shared_ptr<Inbox>> inboxes_;
  uint64_t next_ = 1;
  bool welcomed_ = false;
  Deadline heard_;  // from the server, or when the oldest request began
  std::thread thread_;
};

}  // namespace motley::client
