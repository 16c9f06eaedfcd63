#include "daemon/profiling/child/messages.h"

#include <nlohmann/json.hpp>

#include "hwprofiles/json_fields.h"

namespace motley::profiling {

using nlohmann::json;

json ToJson(const ProfileOptions& options) {
  return {{"only", options.only},           {"sweep_s", options.sweep_s},
          {"total_s", options.total_s},     {"quick", options.quick},
          {"self_test", options.self_test}, {"max_rows", options.max_rows}};
}

Result<ProfileOptions> OptionsFromJson(const json& document) {
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  ProfileOptions options;
  options.sweep_s = TRY(fields.NumberOr("sweep_s", options.sweep_s));
  options.total_s = TRY(fields.NumberOr("total_s", options.total_s));
  options.max_rows = TRY(fields.IntegerOr("max_rows", options.max_rows));
  const auto flag = [&](const char* key, bool fallback) {
    const json* value = fields.Find(key);
    return value && value->is_boolean() ? value->get<bool>() : fallback;
  };
  options.quick = flag("quick", options.quick);
  options.self_test = flag("self_test", options.self_test);
  if (const json* only = fields.Find("only"); only && only->is_array()) {
    for (const json& name : *only) {
      if (name.is_string()) options.only.push_back(name.get<std::string>());
    }
  }
  return options;
}

json ToJson(const Error& error) {
  return {{"code", static_cast<int>(error.code)},
          {"message", error.message},
          {"field", error.field},
          {"remedy", error.remedy}};
}

Error ErrorFromJson(const json& value) {
  Error error;
  if (!value.is_object()) return Error::Internal("an error without a reason");
  const int code = value.value("code", -1);
  const bool known = code >= 0 && code <= static_cast<int>(Code::kInternal);
  error.code = known ? static_cast<Code>(code) : Code::kInternal;
  error.message = value.value("message", "");
  error.field = value.value("field", "");
  error.remedy = value.value("remedy", "");
  return error;
}

Status Send(const Fd& socket, const json& message) {
  const std::string text = message.dump(-1, ' ', false, json::error_handler_t::replace);
  return SendMessage(socket, std::as_bytes(std::span(text)));
}

Result<json> Receive(const Fd& socket, int timeout_ms) {
  const Message message = TRY(ReceiveMessage(socket, timeout_ms, kMessageLimit));
  json value = json::parse(message.data, nullptr, false);
  if (!value.is_object()) return Error::Internal("a message that is no JSON object");
  return value;
}

}  // namespace motley::profiling
