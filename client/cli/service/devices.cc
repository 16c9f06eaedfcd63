#include "client/cli/service/devices.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "client/cli/service/http_get.h"
#include "hwprofiles/json_fields.h"

namespace motley {

using nlohmann::json;

std::string HostOfService() {
  const char* host = std::getenv("MOTLEY_HOST");
  return host && *host ? host : kDefaultHost;
}

Result<json> ParseDevices(const std::string& text, const std::string& name) {
  json document = TRY(ParseJson(text, name));
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  TRY(fields.CheckSchema("devices", 1));
  const json* devices = document.contains("devices") ? &document["devices"] : nullptr;
  const auto is_device = [](const json& d) { return d.is_object(); };
  if (!devices || !devices->is_array() || !std::ranges::all_of(*devices, is_device))
    return Error::Invalid("devices", name + " has no list of devices");
  return document;
}

Result<json> DevicesOfService(const std::string& host, int timeout_ms) {
  const std::string body = TRY(HttpGet(host, "/v1/devices", timeout_ms));
  auto devices = ParseDevices(body, host);
  if (!devices.ok())
    return Error::Unavailable(host +
                              " does not answer with motley.devices/1: " + devices.error().message);
  return devices;
}

}  // namespace motley
