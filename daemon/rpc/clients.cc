#include "daemon/rpc/clients.h"

#include <algorithm>
#include <cerrno>

#include "client/proto/wire.h"
#include "daemon/rpc/calls.h"
#include "daemon/rpc/rpc_server.h"

namespace motley {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMostUnsentBytes = 4 << 20;
constexpr std::chrono::milliseconds kAliveEvery{rpc::kHeartbeatMs};

}  // namespace

RpcClients::RpcClients(Service& service, rpc::ZmqSocket& socket)
    : service_(service), socket_(socket), alive_at_(SteadyClock::now() + kAliveEvery) {}

Result<std::shared_ptr<RpcCall>> RpcClients::Add(const RpcAddress& address) {
  if (Find(address)) {
    return Error::Invalid("number",
                          "request number " + std::to_string(address.number) + " runs already");
  }
  const auto known = clients_.find(address.client);
  const size_t own = known == clients_.end() ? 0 : known->second.calls.size();
  if (own >= kMaxRequestsOfClient || calls_ >= kMaxRpcRequests) {
    return Error::Unavailable(std::to_string(own) + " requests of this client and " +
                              std::to_string(calls_) + " of all run already, at most " +
                              std::to_string(kMaxRequestsOfClient) + " and " +
                              std::to_string(kMaxRpcRequests))
        .Fix("wait for one to end");
  }
  auto call = std::make_shared<RpcCall>(address);
  clients_[address.client].calls[address.number] = call;
  ++calls_;
  return call;
}

std::shared_ptr<RpcCall> RpcClients::Find(const RpcAddress& address) const {
  const auto client = clients_.find(address.client);
  if (client == clients_.end()) return nullptr;
  const auto call = client->second.calls.find(address.number);
  return call == client->second.calls.end() ? nullptr : call->second;
}

void RpcClients::Remove(const RpcCall& call) {
  const auto client = clients_.find(call.address.client);
  if (client == clients_.end()) return;
  calls_ -= client->second.calls.erase(call.address.number);
  DropIfIdle(call.address.client);
}

void RpcClients::Cancel(const RpcAddress& address) {
  const std::shared_ptr<RpcCall> call = Find(address);
  if (!call) return;
  call->cancelled = true;
  if (call->core_number != 0) service_.Cancel(call->core_number);
  Deliver({call, CancelledMessage().SerializeAsString(), true});
}

void RpcClients::Deliver(const RpcOutgoing& outgoing) {
  const std::shared_ptr<RpcCall>& call = outgoing.call;
  if (Find(call->address) != call) return;
  if (!Queue(clients_.find(call->address.client), call, outgoing.bytes)) return;
  if (outgoing.last) Remove(*call);
}

void RpcClients::Answer(const RpcAddress& to, const v1::ServerMessage& message) {
  Send(to, message.SerializeAsString());
}

int RpcClients::Send(const RpcAddress& to, const std::string& bytes) {
  return socket_.Send({to.client, rpc::kMagic, rpc::NumberFrame(to.number), bytes});
}

bool RpcClients::Queue(Clients::iterator client, const std::shared_ptr<RpcCall>& call,
                       std::string bytes) {
  Client& state = client->second;
  state.unsent_bytes += bytes.size();
  stuck_ += state.unsent.empty();
  state.unsent.push_back({call, std::move(bytes)});
  if (!Flush(client)) return false;
  if (state.unsent_bytes <= kMostUnsentBytes) return true;
  Forget(client);
  return false;
}

bool RpcClients::Flush(Clients::iterator client) {
  Client& state = client->second;
  while (!state.unsent.empty()) {
    const Unsent& next = state.unsent.front();
    const int error = Send(next.call->address, next.bytes);
    if (error == EAGAIN) return true;
    if (error != 0) {
      Forget(client);
      return false;
    }
    next.call->pending_bytes -= static_cast<int64_t>(next.bytes.size());
    state.unsent_bytes -= next.bytes.size();
    state.unsent.pop_front();
    stuck_ -= state.unsent.empty();
  }
  return true;
}

void RpcClients::Turn() {
  if (stuck_ > 0) {
    std::vector<std::string> waiting;
    for (const auto& [name, client] : clients_) {
      if (!client.unsent.empty()) waiting.push_back(name);
    }
    for (const std::string& name : waiting) {
      if (Flush(clients_.find(name))) DropIfIdle(name);
    }
  }
  if (SteadyClock::now() >= alive_at_) SendAlive();
}

// Also how a client that vanished while its request waits is noticed.
void RpcClients::SendAlive() {
  alive_at_ = SteadyClock::now() + kAliveEvery;
  v1::ServerMessage message;
  message.mutable_alive();
  const std::string bytes = message.SerializeAsString();
  for (auto client = clients_.begin(); client != clients_.end();) {
    const int error = Send({client->first, 0}, bytes);
    client = error == 0 || error == EAGAIN ? std::next(client) : Forget(client);
  }
}

long RpcClients::NextMs() const {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(alive_at_ - SteadyClock::now());
  return std::clamp<long>(left.count() + 1, 0, rpc::kHeartbeatMs);
}

RpcClients::Clients::iterator RpcClients::Forget(Clients::iterator client) {
  for (const auto& [number, call] : client->second.calls) {
    call->cancelled = true;
    if (call->core_number != 0) service_.Cancel(call->core_number);
  }
  calls_ -= client->second.calls.size();
  stuck_ -= !client->second.unsent.empty();
  return clients_.erase(client);
}

void RpcClients::ForgetAll() {
  while (!clients_.empty()) Forget(clients_.begin());
}

void RpcClients::DropIfIdle(const std::string& name) {
  const auto client = clients_.find(name);
  if (client == clients_.end()) return;
  if (client->second.calls.empty() && client->second.unsent.empty()) clients_.erase(client);
}

}  // namespace motley
