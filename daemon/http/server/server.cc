#include "daemon/http/server/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "daemon/http/server/connection.h"  // first of all: see there
#include "daemon/http/server/connection_read.h"
#include "daemon/http/server/connection_write.h"
#include "daemon/http/server/listen.h"

namespace motley {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kTick{50};
constexpr int kHelpers = 3;
constexpr size_t kReservedFiles = 64;  // for the model, the workers and the store

// Outlives the server for as long as exchanges are about.
struct Loop {
  asio::io_context io{1};
  std::mutex mutex;
  bool closed = false;
  asio::thread_pool* helpers = nullptr;  // valid until `closed`

  bool Post(std::function<void()> task) {
    const std::lock_guard lock(mutex);
    if (closed) return false;
    asio::post(io, std::move(task));
    return true;
  }
  bool Assist(std::function<void()> task) {
    const std::lock_guard lock(mutex);
    if (closed) return false;
    asio::post(*helpers, [task = std::move(task)] {
      try {
        task();
      } catch (const std::exception& e) {
        LogError(std::string("http: an answer failed: ") + e.what());
      }
    });
    return true;
  }
};

class ConnectionExchange : public Exchange {
 public:
  ConnectionExchange(std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection,
                     uint64_t serial)
      : loop_(std::move(loop)), connection_(std::move(connection)), serial_(serial) {}
  ~ConnectionExchange() override {
    loop_->Post([connection = std::move(connection_), serial = serial_] {
      if (const auto c = connection.lock()) c->Abandoned(serial);
    });
  }
  bool Post(std::function<void()> task) override { return loop_->Post(std::move(task)); }
  bool Assist(std::function<void()> task) override { return loop_->Assist(std::move(task)); }
  void Send(const HttpResponse& response) override {
    if (const auto c = connection_.lock()) c->Send(serial_, response);
  }
  void StartStream(const HttpResponse& head, StreamTexts texts) override {
    if (const auto c = connection_.lock()) c->StartStream(serial_, head, std::move(texts));
  }
  void Write(std::string_view data) override {
    if (const auto c = connection_.lock()) c->Write(serial_, data);
  }
  void EndStream() override {
    if (const auto c = connection_.lock()) c->EndStream(serial_);
  }
  void OnClosed(std::function<void()> closed) override {
    const auto c = connection_.lock();
    if (!c) return closed();
    c->OnClosed(serial_, std::move(closed));
  }

 private:
  const std::shared_ptr<Loop> loop_;
  std::weak_ptr<Connection> connection_;
  const uint64_t serial_;
};

struct Door {
  Listener listener;
  asio::posix::stream_descriptor readable;
};

size_t ConnectionLimit(size_t wanted) {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
  const size_t most = static_cast<size_t>(files.rlim_cur);
  return std::min(wanted, most > 2 * kReservedFiles ? most - kReservedFiles : most / 2);
}

void TuneTcp(int fd, const HttpLimits& limits) {
  const int on = 1, idle_s = 5, probes = 2;
  const unsigned stall_ms = static_cast<unsigned>(limits.stall.count());
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle_s, sizeof idle_s);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stall_ms, sizeof stall_ms);
}

class BeastServer : public HttpServer, public ConnectionHost {
 public:
  BeastServer(const HttpLimits& limits, HttpHandler handler, Clock& clock)
      : limits_(limits),
        connection_limit_(ConnectionLimit(limits.connections)),
        handler_(std::move(handler)),
        clock_(clock) {
    loop_->helpers = &helpers_;
  }
  ~BeastServer() override { Stop(std::chrono::milliseconds(0)); }

  Status Open(const std::vector<std::string>& addresses) {
    for (const std::string& text : addresses) {
      Listener listener = TRY(Listener::Open(TRY(ParseListenAddress(text))));
      const int fd = listener.fd();
      doors_.push_back(std::make_unique<Door>(
          Door{std::move(listener), asio::posix::stream_descriptor(loop_->io, fd)}));
      addresses_.push_back(doors_.back()->listener.address());
      if (port_ == 0) port_ = doors_.back()->listener.port();
    }
    return {};
  }

  void Run() {
    for (const auto& door : doors_) Accept(*door);
    Tick();
    thread_ = std::thread([this] { loop_->io.run(); });
  }

  std::vector<std::string> addresses() const override { return addresses_; }
  uint16_t port() const override { return port_; }
  void Stop(std::chrono::milliseconds drain) override;

  const HttpLimits& limits() const override { return limits_; }
  bool draining() const override { return draining_; }
  int64_t NowNs() override { return clock_.NowNs(); }
  bool HoldBytes(size_t bytes) override {
    if (held_bytes_ + bytes > limits_.all_bodies_bytes) return false;
    held_bytes_ += bytes;
    return true;
  }
  void ReleaseBytes(size_t bytes) override { held_bytes_ -= bytes; }
  void Dispatch(HttpRequest request, std::weak_ptr<Connection> connection,
                uint64_t serial) override;
  void Forget(Connection* connection) override { connections_.erase(connection); }
  std::array<char, 65536>& scratch() override { return scratch_; }

 private:
  void Accept(Door& door);
  void AcceptAll(Door& door);
  void Admit(int fd, bool tcp, bool v6);
  void Tick();
  void BeginDrain(int64_t until_ns);
  void CloseDoors();
  std::vector<std::shared_ptr<Connection>> Connections() const;

  const HttpLimits limits_;
  const size_t connection_limit_;
  const HttpHandler handler_;
  Clock& clock_;
  const std::shared_ptr<Loop> loop_ = std::make_shared<Loop>();
  asio::steady_timer timer_{loop_->io};
  asio::thread_pool helpers_{kHelpers};
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<std::string> addresses_;
  uint16_t port_ = 0;
  std::thread thread_;
  // Below: the server's thread only.
  std::map<Connection*, std::shared_ptr<Connection>> connections_;
  std::array<char, 65536> scratch_;
  size_t held_bytes_ = 0;
  bool draining_ = false, cut_ = false;
  int64_t drain_until_ns_ = 0;
};

void Guarded(const HttpHandler& handler, HttpRequest request,
             const std::shared_ptr<Exchange>& exchange) {
  try {
    handler(std::move(request), exchange);
  } catch (const std::exception& e) {
    LogError(std::string("http: a handler failed: ") + e.what());
    Reply(exchange, ProtocolError(500, "the request could not be handled", "internal_error"));
  }
}

void BeastServer::Dispatch(HttpRequest request, std::weak_ptr<Connection> connection,
                           uint64_t serial) {
  const bool heavy = !request.body.empty();
  auto exchange = std::make_shared<ConnectionExchange>(loop_, std::move(connection), serial);
  if (!heavy) return Guarded(handler_, std::move(request), exchange);
  asio::post(helpers_, [this, request = std::move(request), exchange]() mutable {
    Guarded(handler_, std::move(request), exchange);
  });
}

void BeastServer::Accept(Door& door) {
  door.readable.async_wait(asio::posix::stream_descriptor::wait_read,
                           [this, &door](const boost::system::error_code& error) {
                             if (error || draining_) return;
                             AcceptAll(door);
                           });
}

void BeastServer::AcceptAll(Door& door) {
  constexpr int kAtOnce = 64;  // then let the others have their turn
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    const int fd = accept4(door.listener.fd(), reinterpret_cast<sockaddr*>(&peer), &length,
                           SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      Admit(fd, door.listener.loopback(), peer.ss_family == AF_INET6);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != ECONNABORTED && errno != EINTR) {
      // Out of files or memory: the listener stays readable, so waiting on it would spin.
      auto pause = std::make_shared<asio::steady_timer>(loop_->io, kTick);
      pause->async_wait([this, &door, pause](const boost::system::error_code& error) {
        if (!error && !draining_) Accept(door);
      });
      return;
    }
  }
  Accept(door);
}

void BeastServer::Admit(int fd, bool tcp, bool v6) {
  if (connections_.size() >= connection_limit_) {
    const HttpResponse full = ProtocolError(503, "too many connections, try again", "overloaded");
    const std::string text = SerializeHead(full, BodyFraming::kLength, false) + full.body;
    [[maybe_unused]] const auto sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    [[maybe_unused]] const auto read = recv(fd, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
    close(fd);
    return;
  }
  if (tcp) TuneTcp(fd, limits_);
  const asio::generic::stream_protocol protocol(tcp ? (v6 ? AF_INET6 : AF_INET) : AF_UNIX,
                                                tcp ? IPPROTO_TCP : 0);
  Connection::Socket socket(loop_->io, protocol, fd);
  boost::system::error_code error;
  socket.non_blocking(true, error);
  auto connection = std::make_shared<Connection>(*this, std::move(socket), tcp);
  connections_.emplace(connection.get(), connection);
  connection->Start();
}

std::vector<std::shared_ptr<Connection>> BeastServer::Connections() const {
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [key, connection] : connections_) all.push_back(connection);
  return all;
}

void BeastServer::Tick() {
  const int64_t now_ns = NowNs();
  for (const auto& connection : Connections()) connection->Tick(now_ns);
  if (draining_ && now_ns >= drain_until_ns_ && !cut_) {
    cut_ = true;
    drain_until_ns_ = After(now_ns, limits_.last_words);
    for (const auto& connection : Connections()) connection->Cut();
  }
  if (draining_ && (connections_.empty() || now_ns >= drain_until_ns_)) {
    for (const auto& connection : Connections()) connection->Close();
    return loop_->io.stop();
  }
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

void BeastServer::CloseDoors() {
  for (const auto& door : doors_) {
    boost::system::error_code ignored;
    door->readable.cancel(ignored);
    door->readable.release();  // the listener closes it
  }
  doors_.clear();
}

void BeastServer::BeginDrain(int64_t until_ns) {
  draining_ = true;
  drain_until_ns_ = until_ns;
  CloseDoors();
  for (const auto& connection : Connections()) connection->Drain();
}

void BeastServer::Stop(std::chrono::milliseconds drain) {
  if (thread_.joinable()) {
    loop_->Post([this, until = After(NowNs(), drain)] { BeginDrain(until); });
    thread_.join();
  } else {
    CloseDoors();
  }
  {
    const std::lock_guard lock(loop_->mutex);
    loop_->closed = true;
  }
  helpers_.stop();
  helpers_.join();
  // What was posted last is run here, so that it lets go of what it owns.
  loop_->io.restart();
  loop_->io.poll();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpOptions& options,
                                                      HttpHandler handler, Clock& clock) {
  auto server = std::make_unique<BeastServer>(options.limits, std::move(handler), clock);
  TRY(server->Open(options.listen));
  server->Run();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace motley
