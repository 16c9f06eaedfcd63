#pragma once
// The reading half of Connection; see connection.h. Included by server.cc alone.

#include <boost/asio/buffer.hpp>

#include "daemon/http/answer/ids.h"
#include "daemon/http/errors.h"
#include "daemon/http/server/connection.h"

namespace motley {

inline constexpr size_t kPipelinedBytes = 64 << 10;  // read ahead of the present request

inline int64_t After(int64_t now_ns, std::chrono::milliseconds wait) {
  return now_ns + std::chrono::nanoseconds(wait).count();
}

inline void Connection::Start() {
  deadline_ns_ = After(host_.NowNs(), host_.limits().idle);
  Read();
}

// There is always a read under way, also while an answer is made: that is how a client that leaves
// is seen.
inline void Connection::Read() {
  if (reading_ || peer_gone_ || phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kBusy && input_.size() >= kPipelinedBytes) return;
  reading_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](ErrorCode error) {
    self->reading_ = false;
    self->OnReadable(error);
  });
}

inline void Connection::OnReadable(ErrorCode error) {
  if (phase_ == Phase::kClosed) return;
  size_t bytes = 0;
  if (!error) bytes = socket_.read_some(boost::asio::buffer(host_.scratch()), error);
  if (error == boost::asio::error::eof) return OnPeerGone();
  if (error && error != boost::asio::error::would_block) return Close();
  if (phase_ != Phase::kLingering) {
    input_.append(host_.scratch().data(), bytes);
    Parse();
  }
  Read();
}

// The client will send no more. A generation is then nobody's; a short answer under way is still
// delivered, for clients that close their sending half after the request.
inline void Connection::OnPeerGone() {
  peer_gone_ = true;
  if (phase_ != Phase::kBusy || closed_) Close();
}

inline void Connection::Parse() {
  while (phase_ <= Phase::kBody && !input_.empty()) {
    if (phase_ == Phase::kIdle) BeginRequest();
    ErrorCode error;
    const size_t used = parser_->put(boost::asio::buffer(input_), error);
    input_.erase(0, used);
    const bool starved = error == boost::beast::http::error::need_more;
    if (error && !starved) return RefuseParse(error);
    if (phase_ == Phase::kHeader && parser_->is_header_done() && !OnHeader()) return;
    if (!HoldBody()) return;
    if (parser_->is_done()) return Dispatch();
    if (starved && used == 0) return;
  }
}

inline void Connection::BeginRequest() {
  const HttpLimits& limits = host_.limits();
  phase_ = Phase::kHeader;
  deadline_ns_ = After(host_.NowNs(), limits.header);
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(limits.header_bytes));
  parser_->body_limit(limits.body_bytes);
  chunks_ = 0;
  on_chunk_ = [this](std::uint64_t, boost::beast::string_view, ErrorCode& error) {
    if (++chunks_ > host_.limits().chunks) error = boost::beast::http::error::bad_chunk;
  };
  parser_->on_chunk_header(on_chunk_);
  request_id_ = NewId("req-");
}

inline bool Connection::OnHeader() {
  namespace http = boost::beast::http;
  phase_ = Phase::kBody;
  deadline_ns_ = After(host_.NowNs(), host_.limits().body);
  const auto& message = parser_->get();
  http11_ = message.version() >= 11;
  const size_t codings = message.count(http::field::transfer_encoding);
  const bool lengths = message.count(http::field::content_length) > 0;
  if (codings > 0 && (codings > 1 || lengths || !http11_ || !parser_->chunked() ||
                      !boost::beast::iequals(message[http::field::transfer_encoding], "chunked"))) {
    Refuse(ProtocolError(400, "doubtful framing: Transfer-Encoding must be \"chunked\" alone",
                         "bad_framing"));
    return false;
  }
  if (boost::beast::iequals(message[http::field::expect], "100-continue") && http11_) {
    Put("HTTP/1.1 100 Continue\r\n\r\n");
  }
  return true;
}

// Accounts for the body as announced, or as far as it has come.
inline bool Connection::HoldBody() {
  if (phase_ != Phase::kBody) return true;
  const size_t announced = static_cast<size_t>(parser_->content_length().value_or(0));
  const size_t wanted = std::max(announced, parser_->get().body().size());
  if (wanted <= held_bytes_) return true;
  if (host_.HoldBytes(wanted - held_bytes_)) {
    held_bytes_ = wanted;
    return true;
  }
  Refuse(ProtocolError(503, "too many large requests at once, try again", "overloaded"));
  return false;
}

inline void Connection::Dispatch() {
  auto message = parser_->release();
  parser_.reset();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.loopback = loopback_;
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  if (IsPlainId(request.Header("x-request-id"))) request_id_ = request.Header("x-request-id");
  request.id = request_id_;
  request.body = std::move(message.body());
  keep_alive_ = message.keep_alive();
  head_only_ = request.method == "HEAD";
  phase_ = Phase::kBusy;
  ++serial_;
  host_.Dispatch(std::move(request), weak_from_this(), serial_);
}

inline void Connection::RefuseParse(ErrorCode error) {
  namespace http = boost::beast::http;
  const HttpLimits& limits = host_.limits();
  if (error == http::error::header_limit) {
    Refuse(ProtocolError(431,
                         "the header exceeds " + std::to_string(limits.header_bytes) + " bytes",
                         "bad_request"));
  } else if (error == http::error::body_limit) {
    Refuse(ProtocolError(413, "the body exceeds " + std::to_string(limits.body_bytes) + " bytes",
                         "body_too_large"));
  } else {
    Refuse(ProtocolError(400, "this is no HTTP/1.1 request: " + error.message(), "bad_request"));
  }
}

// After a framing error nothing that follows can be trusted: answer and close.
inline void Connection::Refuse(const HttpResponse& response) {
  phase_ = Phase::kBusy;
  parser_.reset();
  keep_alive_ = head_only_ = false;
  Send(++serial_, response);
}

}  // namespace motley
