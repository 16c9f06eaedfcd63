#pragma once
// The endpoints: OpenAI's, llama-server's text ones, health, and the service's read-only documents.
// One table of routes. Thread-safe; `service` and `clock` must outlive the server.

#include "base/clock.h"
#include "daemon/http/server/message.h"
#include "daemon/http/server/server.h"
#include "daemon/service.h"

namespace motley {

// What HttpServer::Start takes. Every request passes the guard (guard.h) first.
HttpHandler MakeApi(Service& service, Clock& clock);

// MakeApi and HttpServer::Start in one.
Result<std::unique_ptr<HttpServer>> ServeHttp(Service& service, Clock& clock,
                                              const HttpOptions& options);

}  // namespace motley
