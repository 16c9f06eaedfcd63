#include "daemon/rpc/rpc_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/os.h"
#include "client/proto/wire.h"
#include "client/proto/zmq_socket.h"
#include "daemon/rpc/calls.h"
#include "daemon/rpc/clients.h"
#include "daemon/rpc/lane.h"

namespace motley {
namespace {

constexpr size_t kFrames = 4;         // client, version, number, message
constexpr size_t kMostVersion = 32;   // bytes of a version frame that is worth an answer
constexpr int kMessagesPerTurn = 64;  // then others get their turn
constexpr long kRetryMs = 5;          // while a client's queue is full
constexpr int kPrepareThreads = 2;
constexpr size_t kMostDocuments = 64;  // waiting; each may probe devices for seconds

// libzmq would take the path from whoever listens there.
Status CheckFree(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) {
    return Error::Invalid("rpc", path + " exists and is not a socket");
  }
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return {};
  return Error::Unavailable(path + " is in use by another server").Fix("choose another --rpc path");
}

class ZmqRpcServer : public RpcServer {
 public:
  ZmqRpcServer(Service& service, std::string address, std::string path,
               std::unique_ptr<rpc::ZmqContext> context, rpc::ZmqSocket socket,
               std::shared_ptr<Outbox> outbox)
      : service_(service),
        address_(std::move(address)),
        path_(std::move(path)),
        context_(std::move(context)),
        socket_(std::move(socket)),
        outbox_(std::move(outbox)),
        clients_(service, socket_),
        prepare_(kPrepareThreads, kMaxRpcRequests),
        documents_(1, kMostDocuments),
        thread_([this] { Loop(); }) {}

  ~ZmqRpcServer() override {
    stop_ = true;
    outbox_->Wake();
    thread_.join();
    outbox_->Close();
    unlink(path_.c_str());  // libzmq leaves it
  }

  const std::string& address() const override { return address_; }

 private:
  void Loop() {
    while (!stop_) {
      rpc::WaitReadable({&socket_}, outbox_->fd(), clients_.stuck() ? kRetryMs : clients_.NextMs());
      for (const RpcOutgoing& outgoing : outbox_->Take()) clients_.Deliver(outgoing);
      clients_.Turn();
      std::vector<std::string> frames;
      for (int i = 0; i < kMessagesPerTurn && socket_.Receive(frames, kFrames + 1); ++i) {
        Handle(frames);
      }
    }
    // Last words: the core may have ended everything just now.
    for (const RpcOutgoing& outgoing : outbox_->Take()) clients_.Deliver(outgoing);
    clients_.ForgetAll();
  }

  // Whatever is not a message of some version of the protocol is dropped without a word.
  void Handle(const std::vector<std::string>& frames) {
    if (frames.size() != kFrames) return;
    const std::optional<uint64_t> number = rpc::ParseNumber(frames[2]);
    const bool ours = frames[1] == rpc::kMagic;
    if (!number || !frames[1].starts_with(rpc::kAnyVersion) || frames[1].size() > kMostVersion) {
      return;
    }
    const RpcAddress from{frames[0], *number};
    if (!ours) {
      Refuse(from, Error::Unsupported("this server speaks " + std::string(rpc::kMagic)));
      return;
    }
    v1::ClientMessage message;
    if (!message.ParseFromString(frames[3])) {
      Refuse(from, Error::Invalid("", "the message is not a motley.v1.ClientMessage"));
      return;
    }
    const Status done = Dispatch(from, message);
    if (!done.ok()) Refuse(from, done.error());
  }

  Status Dispatch(const RpcAddress& from, const v1::ClientMessage& message) {
    switch (message.body_case()) {
      case v1::ClientMessage::kHello:
        return Greet(from, message.hello());
      case v1::ClientMessage::kCancel:
        clients_.Cancel(from);
        return {};
      case v1::ClientMessage::kGenerate:
        return Begin(from, prepare_, [this, request = message.generate()](const auto& call) {
          StartGeneration(service_, request, call, outbox_);
        });
      case v1::ClientMessage::kAsk:
        return Begin(from, documents_, [this, what = message.ask().what()](const auto& call) {
          AnswerAsk(service_, what, call, outbox_);
        });
      case v1::ClientMessage::BODY_NOT_SET:
        break;
    }
    return Error::Unsupported("the message has no body that version 1 knows");
  }

  Status Greet(const RpcAddress& from, const v1::Hello& hello) {
    if (hello.min_version() > rpc::kVersion || hello.max_version() < rpc::kVersion) {
      return Error::Unsupported("this server speaks version " + std::to_string(rpc::kVersion) +
                                ", the client " + std::to_string(hello.min_version()) + " to " +
                                std::to_string(hello.max_version()));
    }
    v1::ServerMessage message;
    v1::Welcome* welcome = message.mutable_welcome();
    welcome->set_version(rpc::kVersion);
    welcome->set_max_message_bytes(rpc::kMaxMessageBytes);
    welcome->set_max_requests(kMaxRequestsOfClient);
    welcome->set_alive_every_ms(rpc::kHeartbeatMs);
    clients_.Answer(from, message);
    return {};
  }

  template <class Work>
  Status Begin(const RpcAddress& from, Lane& lane, Work work) {
    const std::shared_ptr<RpcCall> call = TRY(clients_.Add(from));
    if (lane.Post([call, work = std::move(work)] { work(call); })) return {};
    clients_.Remove(*call);
    return Error::Unavailable("too many requests wait").Fix("try again in a second");
  }

  void Refuse(const RpcAddress& to, const Error& error) {
    clients_.Answer(to, FailureMessage(error));
  }

  Service& service_;
  const std::string address_, path_;
  const std::unique_ptr<rpc::ZmqContext> context_;
  rpc::ZmqSocket socket_;
  const std::shared_ptr<Outbox> outbox_;
  RpcClients clients_;
  Lane prepare_, documents_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<RpcServer>> RpcServer::Start(Service& service, const std::string& address) {
  const std::string path = TRY(rpc::PathOfAddress(address));
  TRY(CheckFree(path));
  auto context = std::make_unique<rpc::ZmqContext>();
  rpc::ZmqSocket socket = TRY(rpc::ZmqSocket::Open(*context, rpc::Role::kRouter));
  TRY(socket.Bind(address));
  if (chmod(path.c_str(), 0660) != 0) return ErrnoError("chmod " + path, errno);
  std::shared_ptr<Outbox> outbox = TRY(Outbox::Make());
  return std::unique_ptr<RpcServer>(std::make_unique<ZmqRpcServer>(
      service, address, path, std::move(context), std::move(socket), std::move(outbox)));
}

}  // namespace motley
