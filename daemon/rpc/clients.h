#pragma once
// The clients with something running or unread, and what is on its way to them. Of the door's
// thread alone. A client is forgotten, and its requests cancelled, when its connection is gone or
// when it leaves more than 4 MiB unread.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "client/proto/zmq_socket.h"
#include "daemon/rpc/outbox.h"
#include "daemon/service.h"

namespace motley {

class RpcClients {
 public:
  RpcClients(Service& service, rpc::ZmqSocket& socket);

  // Errors: InvalidArgument for a number in use; Unavailable when too much runs.
  Result<std::shared_ptr<RpcCall>> Add(const RpcAddress& address);
  void Remove(const RpcCall& call);
  // Ends a call with Finished; nothing when there is none.
  void Cancel(const RpcAddress& address);
  // Dropped unless the call still runs.
  void Deliver(const RpcOutgoing& outgoing);
  // For what belongs to no call. Lost when the client's queue is full.
  void Answer(const RpcAddress& to, const v1::ServerMessage& message);

  // Sends what was stuck, and signs of life when they are due.
  void Turn();
  bool stuck() const { return stuck_ > 0; }
  long NextMs() const;
  void ForgetAll();

 private:
  struct Unsent {
    std::shared_ptr<RpcCall> call;
    std::string bytes;
  };
  struct Client {
    std::map<uint64_t, std::shared_ptr<RpcCall>> calls;
    std::deque<Unsent> unsent;
    size_t unsent_bytes = 0;
  };
  using Clients = std::map<std::string, Client>;

  std::shared_ptr<RpcCall> Find(const RpcAddress& address) const;
  int Send(const RpcAddress& to, const std::string& bytes);
  // False: the client is gone.
  bool Queue(Clients::iterator client, const std::shared_ptr<RpcCall>& call, std::string bytes);
  bool Flush(Clients::iterator client);
  void SendAlive();
  Clients::iterator Forget(Clients::iterator client);
  void DropIfIdle(const std::string& client);

  Service& service_;
  rpc::ZmqSocket& socket_;
  Clients clients_;
  size_t calls_ = 0, stuck_ = 0;
  std::chrono::steady_clock::time_point alive_at_;
};

}  // namespace motley
