#pragma once
// Errors on the wire: {"error":{"message","type","param","code"}}, all four keys always. The one
// place where a Code becomes an HTTP status. Pure; any thread.

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "daemon/http/server/message.h"
#include "daemon/validate/prompt_length.h"

namespace motley {

// Fields of an Error that say more than its Code, beside kContextField.
inline constexpr char kQueueField[] = "queue";  // Unavailable: too many requests wait, try again
inline constexpr char kLoadingField[] = "model_loading";  // Unavailable: not ready yet

struct ErrorForm {
  int status = 500;
  std::string type, code;
  nlohmann::json param;  // a string or null
};

// Status and words for an error. A context error's param is `prompt_param` ("messages", "prompt").
ErrorForm FormOf(const Error& error, const std::string& prompt_param = "prompt");

// {"error":{...}}; the remedy is appended to the message.
nlohmann::ordered_json ErrorJson(const Error& error, const std::string& prompt_param = "prompt");

// The whole answer, with Retry-After where trying again makes sense.
HttpResponse ErrorResponse(const Error& error, const std::string& prompt_param = "prompt");

// For what is wrong with the HTTP itself.
HttpResponse ProtocolError(int status, const std::string& message, const std::string& code);

// JSON as text: what is not UTF-8 is replaced, never thrown.
std::string ToText(const nlohmann::ordered_json& value);
std::string ToText(const nlohmann::json& value);

}  // namespace motley
