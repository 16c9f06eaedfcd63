#pragma once
// HttpServer without endpoints, for tests of the server by itself.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/http/server/server.h"
#include "tests/daemon/http/raw_client.h"

namespace motley {

// "POST /x 3": method, target and body bytes.
inline void Describe(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  HttpResponse response;
  response.body = request.method + " " + request.target + " " + std::to_string(request.body.size());
  Reply(exchange, std::move(response));
}

class PlainServer {
 public:
  explicit PlainServer(HttpHandler handler = Describe, HttpLimits limits = {})
      : server_(HttpServer::Start({.listen = {"127.0.0.1:0"}, .limits = limits}, std::move(handler),
                                  RealClock())
                    .ReleaseValue()) {}
  uint16_t port() const { return server_->port(); }
  HttpServer* operator->() { return server_.get(); }
  // One request on a connection of its own.
  RawAnswer Ask(std::string_view text) const {
    RawClient client(port());
    client.Say(text);
    return client.Read();
  }

 private:
  std::unique_ptr<HttpServer> server_;
};

inline constexpr char kGet[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace motley
