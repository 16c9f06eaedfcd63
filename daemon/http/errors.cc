#include "daemon/http/errors.h"

#include <algorithm>

namespace motley {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Row {
  Code code;
  const char* field;  // nullptr: any
  int status;
  const char* type;
  const char* word;
};
// The first row that fits.
constexpr Row kRows[] = {
    {Code::kInvalidArgument, kContextField, 400, "invalid_request_error",
     "context_length_exceeded"},
    {Code::kInvalidArgument, nullptr, 400, "invalid_request_error", "invalid_value"},
    {Code::kNotFound, "model", 404, "invalid_request_error", "model_not_found"},
    {Code::kNotFound, nullptr, 404, "invalid_request_error", "not_found"},
    {Code::kUnsupported, nullptr, 400, "invalid_request_error", "unsupported_value"},
    {Code::kUnavailable, kQueueField, 429, "rate_limit_error", "queue_full"},
    {Code::kUnavailable, kLoadingField, 503, "server_error", "model_loading"},
    {Code::kUnavailable, nullptr, 503, "server_error", "unavailable"},
    {Code::kOutOfMemory, nullptr, 503, "server_error", "out_of_memory"},
    {Code::kDeviceLost, nullptr, 503, "server_error", "device_lost"},
    {Code::kCancelled, nullptr, 503, "server_error", "cancelled"},
    {Code::kInternal, nullptr, 500, "server_error", "internal_error"},
};

bool IsMarker(const std::string& field) { return field == kQueueField || field == kLoadingField; }

}  // namespace

ErrorForm FormOf(const Error& error, const std::string& prompt_param) {
  const Row* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) {
    return r.code == error.code && (r.field == nullptr || error.field == r.field);
  });
  if (row == std::end(kRows)) return {500, "server_error", "internal_error", nullptr};
  json param = nullptr;
  if (error.field == kContextField) {
    param = prompt_param;
  } else if (!error.field.empty() && !IsMarker(error.field)) {
    param = error.field;
  }
  return {row->status, row->type, row->word, std::move(param)};
}

ordered_json ErrorJson(const Error& error, const std::string& prompt_param) {
  const ErrorForm form = FormOf(error, prompt_param);
  std::string message = error.message.empty() ? CodeName(error.code) : error.message;
  if (!error.remedy.empty()) message += "; " + error.remedy;
  return {{"error",
           {{"message", std::move(message)},
            {"type", form.type},
            {"param", form.param},
            {"code", form.code}}}};
}

HttpResponse ErrorResponse(const Error& error, const std::string& prompt_param) {
  HttpResponse response;
  response.status = FormOf(error, prompt_param).status;
  response.body = ToText(ErrorJson(error, prompt_param));
  if (response.status == 429 || response.status == 503) {
    response.headers = {{"Retry-After", "1"}, {"retry-after-ms", "1000"}};
  }
  return response;
}

HttpResponse ProtocolError(int status, const std::string& message, const std::string& code) {
  HttpResponse response;
  response.status = status;
  response.body =
      ToText(ordered_json{{"error",
                           {{"message", message},
                            {"type", status >= 500 ? "server_error" : "invalid_request_error"},
                            {"param", nullptr},
                            {"code", code}}}});
  if (status == 503) response.headers = {{"Retry-After", "1"}, {"retry-after-ms", "1000"}};
  return response;
}

std::string ToText(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string ToText(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace motley
