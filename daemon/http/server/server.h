#pragma once
// The HTTP/1.1 server: sockets, framing, limits, time-outs, back-pressure. One thread runs all
// connections; a few helpers run handlers of requests with a body. Knows nothing of endpoints.
// Owned by main(); Start and Stop from one thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/http/server/message.h"

namespace motley {

struct HttpLimits {
  size_t header_bytes = 16 << 10;               // 431
  size_t body_bytes = 8 << 20;                  // 413
  size_t all_bodies_bytes = size_t{256} << 20;  // of all connections together: 503
  size_t chunks = 65536;                        // of one chunked body: 400
  size_t connections = 4096;  // and never more than the process' file limit less 64: 503
  size_t stream_queue_bytes =
      256 << 10;                        // more than this unsent for `stall`: the client is dropped,
  size_t stream_queue_most = 16 << 20;  // more than this: at once
  std::chrono::milliseconds header{10'000};  // from the first byte to the end of the header: 408
  std::chrono::milliseconds body{30'000};    // from there to the end of the body: 408
  std::chrono::milliseconds idle{75'000};    // between requests
  std::chrono::milliseconds stall{30'000};   // a write that moves nothing
  std::chrono::milliseconds keep_alive{15'000};  // silence in a stream
  std::chrono::milliseconds last_words{300};     // from Stop's cutting an answer to its closing
};

struct HttpOptions {
  std::vector<std::string> listen = {"127.0.0.1:6685"};  // see listen.h
  HttpLimits limits = {};
};

class HttpServer {
 public:
  // Listens and serves. `clock` must outlive the server. Errors: those of listen.h.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpOptions& options, HttpHandler handler,
                                                   Clock& clock);
  virtual ~HttpServer() = default;  // Stop(0) if that was not done
  // Where it listens, with the real ports.
  virtual std::vector<std::string> addresses() const = 0;
  virtual uint16_t port() const = 0;  // of the first TCP listener, 0 if there is none
  // Closes the listeners and idle connections, lets running answers end for at most `drain`, ends
  // the rest with an error and returns when no thread is left.
  virtual void Stop(std::chrono::milliseconds drain) = 0;
};

}  // namespace motley
