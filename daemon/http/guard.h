#pragma once
// Who may speak to a loopback listener: a web page in the operator's browser must not, even when
// its name has been re-bound to 127.0.0.1 (DNS rebinding). Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/server/message.h"

namespace motley {

// "localhost", "127.0.0.1", "[::1]" and other 127.x.y.z, each with or without a port.
bool IsLoopbackHost(std::string_view host);

// The answer that refuses the request, if it must be refused: over TCP, a Host or over any listener
// an Origin that is not loopback (403), more than one Host (400), or none at all over TCP (400;
// HTTP/1.0 clients send one too).
std::optional<HttpResponse> RefuseForeign(const HttpRequest& request);

// CORS for a loopback origin: that very origin, never a wildcard. Empty when the request has no
// Origin.
HttpHeaders CorsHeaders(const HttpRequest& request);

}  // namespace motley
