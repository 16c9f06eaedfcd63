#include "daemon/http/guard.h"

#include <algorithm>
#include <cctype>

#include "daemon/http/errors.h"
#include "daemon/validate/utf8.h"

namespace motley {
namespace {

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsLoopbackV4(std::string_view name) {
  if (!name.starts_with("127.")) return false;
  return std::count(name.begin(), name.end(), '.') == 3 &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool IsLoopbackOrigin(std::string_view origin) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return IsLoopbackHost(origin.substr(scheme.size()));
  }
  return false;  // "null" included: a sandboxed page or a file
}

std::string Quoted(std::string_view value) { return "\"" + Shorten(LossyUtf8(value), 80) + "\""; }

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  const std::string lower = Lower(host);
  std::string_view name = lower;
  const size_t colon = name.rfind(':');
  const size_t bracket = name.rfind(']');
  if (colon != name.npos && (bracket == name.npos || colon > bracket)) {
    if (!AllDigits(name.substr(colon + 1))) return false;
    name = name.substr(0, colon);
  }
  return name == "localhost" || name == "[::1]" || IsLoopbackV4(name);
}

std::optional<HttpResponse> RefuseForeign(const HttpRequest& request) {
  if (request.loopback) {
    if (request.CountHeader("host") != 1) {
      return ProtocolError(400, "a request must have exactly one Host header", "bad_request");
    }
    if (!IsLoopbackHost(request.Header("host"))) {
      return ProtocolError(403,
                           "Host " + Quoted(request.Header("host")) +
                               " is not this machine: use localhost, 127.0.0.1 or [::1]",
                           "forbidden_host");
    }
  }
  if (request.CountHeader("origin") > 0 && !IsLoopbackOrigin(request.Header("origin"))) {
    return ProtocolError(403,
                         "Origin " + Quoted(request.Header("origin")) +
                             " may not use this service: only pages of this machine may",
                         "forbidden_origin");
  }
  return std::nullopt;
}

HttpHeaders CorsHeaders(const HttpRequest& request) {
  const std::string_view origin = request.Header("origin");
  if (!IsLoopbackOrigin(origin)) return {};
  return {{"Access-Control-Allow-Origin", std::string(origin)}, {"Vary", "Origin"}};
}

}  // namespace motley
