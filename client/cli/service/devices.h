#pragma once
// The devices as a running service knows them: it has asked the drivers already and answers in
// milliseconds. Blocking; any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace motley {

// $MOTLEY_HOST, else kDefaultHost.
std::string HostOfService();

// A motley.devices/1 document out of `text`; `name` says whose it is in errors. InvalidArgument:
// not JSON, another schema, no list of objects under "devices".
Result<nlohmann::json> ParseDevices(const std::string& text, const std::string& name);

// What the service at `host` answers to GET /v1/devices. Errors: those of HttpGet, and Unavailable
// when that is no such document: something else listens there.
Result<nlohmann::json> DevicesOfService(const std::string& host, int timeout_ms);

}  // namespace motley
