#pragma once
// One client's connection: a state machine on the server's thread. Private to server.cc, the only
// translation unit that includes Boost (Beast parses requests, Asio moves bytes). Everything it
// needs of the server is in ConnectionHost.

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>  // before Beast 1.81, which uses std::exchange without including it

#include "daemon/http/server/message.h"
#include "daemon/http/server/server.h"

namespace motley {

class Connection;

// What a connection may ask of the server.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual const HttpLimits& limits() const = 0;
  virtual bool draining() const = 0;
  virtual int64_t NowNs() = 0;
  // Room for request bodies, of all connections; false: there is none.
  virtual bool HoldBytes(size_t bytes) = 0;
  virtual void ReleaseBytes(size_t bytes) = 0;
  virtual void Dispatch(HttpRequest request, std::weak_ptr<Connection> connection,
                        uint64_t serial) = 0;
  virtual void Forget(Connection* connection) = 0;
  virtual std::array<char, 65536>& scratch() = 0;  // where reads land first
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  Connection(ConnectionHost& host, Socket socket, bool loopback)
      : host_(host), socket_(std::move(socket)), loopback_(loopback) {}

  void Start();
  // Called every now and then: time-outs, stalled clients, keep-alive of streams.
  void Tick(int64_t now_ns);
  // No further request after the one being answered.
  void Drain();
  // The server stops: a last word to whoever still waits. Close follows.
  void Cut();
  void Close();

  // The exchange's side. `serial` names the request: an answer to an earlier one has no effect.
  void Send(uint64_t serial, const HttpResponse& response);
  void StartStream(uint64_t serial, const HttpResponse& head, StreamTexts texts);
  void Write(uint64_t serial, std::string_view data);
  void EndStream(uint64_t serial);
  void OnClosed(uint64_t serial, std::function<void()> closed);
  void Abandoned(uint64_t serial);

 private:
  enum class Phase { kIdle, kHeader, kBody, kBusy, kLingering, kClosed };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using ErrorCode = boost::system::error_code;

  void Read();
  void OnReadable(ErrorCode error);
  void OnPeerGone();
  void Parse();
  void BeginRequest();
  bool OnHeader();  // false: refused
  bool HoldBody();
  void Dispatch();
  void RefuseParse(ErrorCode error);
  void Refuse(const HttpResponse& response);
  bool Answering(uint64_t serial) const;
  void PutHead(const HttpResponse& response, bool stream);
  void PutChunk(std::string_view data);
  void Put(std::string_view data);
  void Flush();
  void OnWritten(ErrorCode error, size_t bytes);
  void FinishAnswer();
  void Linger();
  void TickBusy(int64_t now_ns);
  size_t unsent() const { return out_.size() + sending_.size() - sent_; }

  ConnectionHost& host_;
  Socket socket_;
  const bool loopback_;
  Phase phase_ = Phase::kIdle;
  int64_t deadline_ns_ = 0;

  std::string input_;
  bool reading_ = false, peer_gone_ = false;
  std::optional<Parser> parser_;
  size_t chunks_ = 0, held_bytes_ = 0;

  uint64_t serial_ = 0;  // of the present request
  bool keep_alive_ = true, http11_ = true, head_only_ = false;
  bool answered_ = false, streaming_ = false;
  std::string request_id_;
  StreamTexts texts_;
  std::function<void()> closed_;
  std::function<void(std::uint64_t, boost::beast::string_view, ErrorCode&)> on_chunk_;

  std::string out_, sending_;
  size_t sent_ = 0;
  bool writing_ = false;
  int64_t progress_ns_ = 0, last_put_ns_ = 0, over_since_ns_ = 0;
};

}  // namespace motley
