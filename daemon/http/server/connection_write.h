#pragma once
// The writing half of Connection; see connection.h. Included by server.cc alone.

#include <boost/asio/buffer.hpp>

#include "daemon/http/server/connection.h"
#include "daemon/http/server/connection_read.h"

namespace motley {

inline constexpr std::chrono::milliseconds kLingerTime{2000};

inline bool Connection::Answering(uint64_t serial) const {
  return phase_ == Phase::kBusy && serial == serial_ && !answered_;
}

inline void Connection::Send(uint64_t serial, const HttpResponse& response) {
  if (!Answering(serial) || streaming_) return;
  answered_ = true;
  PutHead(response, false);
  if (!head_only_ && response.status != 204) Put(response.body);
}

inline void Connection::StartStream(uint64_t serial, const HttpResponse& head, StreamTexts texts) {
  if (!Answering(serial) || streaming_) return;
  streaming_ = true;
  texts_ = std::move(texts);
  PutHead(head, true);
}

inline void Connection::Write(uint64_t serial, std::string_view data) {
  if (!Answering(serial) || !streaming_ || data.empty()) return;
  PutChunk(data);
  if (unsent() > host_.limits().stream_queue_most) Close();
}

inline void Connection::EndStream(uint64_t serial) {
  if (!Answering(serial) || !streaming_) return;
  answered_ = true;
  if (http11_) Put("0\r\n\r\n");
  Flush();
  if (!writing_) FinishAnswer();
}

inline void Connection::OnClosed(uint64_t serial, std::function<void()> closed) {
  if (!Answering(serial)) return closed();
  closed_ = std::move(closed);
  if (peer_gone_) Close();
}

inline void Connection::Abandoned(uint64_t serial) {
  if (!Answering(serial)) return;
  if (streaming_) return Close();
  Send(serial, ProtocolError(500, "the request was dropped without an answer", "internal_error"));
}

inline void Connection::PutHead(const HttpResponse& response, bool stream) {
  if (host_.draining() || (stream && !http11_)) keep_alive_ = false;
  HttpResponse full = response;
  full.headers.emplace_back("x-request-id", request_id_);
  const BodyFraming streamed = http11_ ? BodyFraming::kChunked : BodyFraming::kUntilClose;
  Put(SerializeHead(full, stream ? streamed : BodyFraming::kLength, keep_alive_));
}

inline void Connection::PutChunk(std::string_view data) {
  if (http11_) {
    Put(SerializeChunk(data));
  } else {
    Put(data);
  }
}

inline void Connection::Put(std::string_view data) {
  out_ += data;
  last_put_ns_ = host_.NowNs();
  Flush();
}

inline void Connection::Flush() {
  if (writing_ || phase_ == Phase::kClosed) return;
  if (sent_ == sending_.size()) {
    sending_ = std::exchange(out_, {});
    sent_ = 0;
    progress_ns_ = host_.NowNs();
  }
  if (sending_.empty()) return;
  writing_ = true;
  socket_.async_write_some(boost::asio::buffer(sending_.data() + sent_, sending_.size() - sent_),
                           [self = shared_from_this()](ErrorCode error, size_t bytes) {
                             self->OnWritten(error, bytes);
                           });
}

inline void Connection::OnWritten(ErrorCode error, size_t bytes) {
  writing_ = false;
  if (phase_ == Phase::kClosed) return;
  if (error) return Close();
  sent_ += bytes;
  progress_ns_ = host_.NowNs();
  Flush();
  if (!writing_ && answered_) FinishAnswer();
}

// The answer is complete and gone: on to the next request, or to the end.
inline void Connection::FinishAnswer() {
  answered_ = streaming_ = false;
  closed_ = nullptr;
  texts_ = {};
  over_since_ns_ = 0;
  host_.ReleaseBytes(std::exchange(held_bytes_, 0));
  if (peer_gone_) return Close();
  if (!keep_alive_ || host_.draining()) return Linger();
  phase_ = Phase::kIdle;
  deadline_ns_ = After(host_.NowNs(), host_.limits().idle);
  Parse();
  Read();
}

// Closing a socket with unread bytes resets it, and the client may lose the answer: read until it
// has closed too.
inline void Connection::Linger() {
  phase_ = Phase::kLingering;
  deadline_ns_ = After(host_.NowNs(), host_.draining() ? kLingerTime / 10 : kLingerTime);
  input_.clear();
  ErrorCode error;
  socket_.shutdown(Socket::shutdown_send, error);
  Read();
}

inline void Connection::Drain() {
  if (phase_ == Phase::kIdle) return Close();
  if (phase_ > Phase::kBody) return;
  Refuse(ProtocolError(503, "the service is stopping", "unavailable"));
}

inline void Connection::Cut() {
  if (phase_ != Phase::kBusy || answered_) return;
  const auto closed = std::exchange(closed_, nullptr);
  if (streaming_) {
    if (!texts_.cut.empty()) PutChunk(texts_.cut);
    EndStream(serial_);
  } else {
    Send(serial_, ProtocolError(503, "the service is stopping", "unavailable"));
  }
  if (closed) closed();
}

inline void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  const auto self = shared_from_this();  // Forget drops what may be the last owner
  ErrorCode error;
  socket_.close(error);
  host_.ReleaseBytes(std::exchange(held_bytes_, 0));
  host_.Forget(this);
  if (const auto closed = std::exchange(closed_, nullptr)) closed();
}

inline void Connection::Tick(int64_t now_ns) {
  if (phase_ == Phase::kBusy) return TickBusy(now_ns);
  if (now_ns < deadline_ns_) return;
  if (phase_ == Phase::kHeader || phase_ == Phase::kBody) {
    Refuse(ProtocolError(408, "the request did not come in time", "request_timeout"));
  } else {
    Close();
  }
}

inline void Connection::TickBusy(int64_t now_ns) {
  const HttpLimits& limits = host_.limits();
  if (writing_ && now_ns >= After(progress_ns_, limits.stall)) return Close();
  if (!streaming_) return;
  if (unsent() <= limits.stream_queue_bytes) {
    over_since_ns_ = 0;
  } else if (over_since_ns_ == 0) {
    over_since_ns_ = now_ns;
  } else if (now_ns >= After(over_since_ns_, limits.stall)) {
    return Close();
  }
  if (!texts_.keep_alive.empty() && !answered_ && unsent() == 0 &&
      now_ns >= After(last_put_ns_, limits.keep_alive)) {
    PutChunk(texts_.keep_alive);
  }
}

}  // namespace motley
