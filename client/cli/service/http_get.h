#pragma once
// One GET from a service of this machine or network, for commands that look at a running motleyd.
// Blocking; any thread.

#include <string>

#include "base/result.h"

namespace motley {

inline constexpr char kDefaultHost[] = "127.0.0.1:6685";

// The body of a 200 answer. `host` is "HOST:PORT", "http://HOST:PORT" or "unix:PATH". Errors:
// InvalidArgument (field "host") for another form; Unavailable when nothing answers there within
// `timeout_ms`, or with another status (its message, if it is an error of ours).
Result<std::string> HttpGet(const std::string& host, const std::string& path, int timeout_ms);

}  // namespace motley
