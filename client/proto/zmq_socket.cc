#include "client/proto/zmq_socket.h"

#include <sys/un.h>
#include <zmq.h>

#include <cerrno>

#include "client/proto/wire.h"

namespace motley::rpc {
namespace {

constexpr std::string_view kIpc = "ipc://";
constexpr int kLingerMs = 200;

Error ZmqError(const std::string& what) {
  return Error::Internal(what + ": " + zmq_strerror(zmq_errno()));
}

int TypeOf(Role role) {
  switch (role) {
    case Role::kRouter:
      return ZMQ_ROUTER;
    case Role::kDealer:
      return ZMQ_DEALER;
    case Role::kMonitor:
      return ZMQ_PAIR;
  }
  return ZMQ_PAIR;
}

void SetInt(void* socket, int option, int value) {
  zmq_setsockopt(socket, option, &value, sizeof value);
}

}  // namespace

ZmqContext::ZmqContext() : context_(zmq_ctx_new()) {}
ZmqContext::~ZmqContext() { zmq_ctx_term(context_); }

Result<ZmqSocket> ZmqSocket::Open(const ZmqContext& context, Role role) {
  void* socket = zmq_socket(context.get(), TypeOf(role));
  if (socket == nullptr) return ZmqError("cannot make a ZeroMQ socket");
  // A client's last words are cancellations, a server's say why it ended.
  SetInt(socket, ZMQ_LINGER, role == Role::kMonitor ? 0 : kLingerMs);
  if (role == Role::kMonitor) return ZmqSocket(socket);
  const int64_t most = kMaxMessageBytes;
  zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
  SetInt(socket, ZMQ_SNDHWM, kHighWaterMark);
  SetInt(socket, ZMQ_RCVHWM, kHighWaterMark);
  SetInt(socket, ZMQ_HEARTBEAT_IVL, kHeartbeatMs);
  SetInt(socket, ZMQ_HEARTBEAT_TIMEOUT, kSilenceMs);
  SetInt(socket, ZMQ_HEARTBEAT_TTL, kSilenceMs);
  SetInt(socket, ZMQ_HANDSHAKE_IVL, kHeartbeatMs);
  if (role == Role::kRouter) SetInt(socket, ZMQ_ROUTER_MANDATORY, 1);
  return ZmqSocket(socket);
}

ZmqSocket::~ZmqSocket() {
  if (socket_ != nullptr) zmq_close(socket_);
}

Status ZmqSocket::Bind(const std::string& address) {
  if (zmq_bind(socket_, address.c_str()) != 0) return ZmqError("cannot listen on " + address);
  return {};
}

Status ZmqSocket::Connect(const std::string& address) {
  if (zmq_connect(socket_, address.c_str()) != 0) return ZmqError("cannot connect to " + address);
  return {};
}

Status ZmqSocket::Monitor(const std::string& address) {
  if (zmq_socket_monitor(socket_, address.c_str(), ZMQ_EVENT_DISCONNECTED) != 0) {
    return ZmqError("cannot watch the connection");
  }
  return {};
}

bool ZmqSocket::Receive(std::vector<std::string>& frames, size_t most) {
  frames.clear();
  bool more = true;
  for (size_t i = 0; more; ++i) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    int n = -1;
    do {
      n = zmq_msg_recv(&message, socket_, ZMQ_DONTWAIT);
    } while (n < 0 && zmq_errno() == EINTR);
    if (n < 0) {
      zmq_msg_close(&message);
      return false;
    }
    more = zmq_msg_more(&message) != 0;
    if (i < most) {
      frames.emplace_back(static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message));
    }
    zmq_msg_close(&message);
  }
  return true;
}

int ZmqSocket::Send(const std::vector<std::string_view>& frames) {
  for (size_t i = 0; i < frames.size(); ++i) {
    const int flags = ZMQ_DONTWAIT | (i + 1 < frames.size() ? ZMQ_SNDMORE : 0);
    int n = -1;
    do {
      n = zmq_send(socket_, frames[i].data(), frames[i].size(), flags);
    } while (n < 0 && zmq_errno() == EINTR);
    if (n < 0) return zmq_errno();
  }
  return 0;
}

void WaitReadable(const std::vector<const ZmqSocket*>& sockets, int fd, long timeout_ms) {
  std::vector<zmq_pollitem_t> items = {{nullptr, fd, ZMQ_POLLIN, 0}};
  for (const ZmqSocket* socket : sockets) items.push_back({socket->get(), 0, ZMQ_POLLIN, 0});
  zmq_poll(items.data(), static_cast<int>(items.size()), timeout_ms);
}

Result<std::string> PathOfAddress(const std::string& address) {
  if (!address.starts_with(kIpc)) {
    return Error::Invalid("rpc", "the native door has no passwords and stays on this machine: \"" +
                                     address + "\" is not ipc:///path")
        .Fix("use ipc:///run/motley/rpc.sock, or HTTP for other machines through a proxy");
  }
  const std::string path = address.substr(kIpc.size());
  if (path.empty() || path[0] != '/') {
    return Error::Invalid("rpc", "the path in \"" + address + "\" must be absolute: ipc:///path");
  }
  const size_t most = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > most) {
    return Error::Invalid("rpc", "the path in \"" + address + "\" has " +
                                     std::to_string(path.size()) + " bytes, at most " +
                                     std::to_string(most));
  }
  return path;
}

}  // namespace motley::rpc
