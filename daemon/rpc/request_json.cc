#include "daemon/rpc/request_json.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/validate/body.h"
#include "engine/template/ordered_json.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kChatKeys = {"messages", "tools", "tool_choice", "chat_template_kwargs"};

Result<Json> ChatBody(const std::string& text) {
  TRY(ParseBody(text));  // the offset of a bad byte, and a bound on the nesting
  Json value = TRY(ParseOrderedJson(text));
  if (value.is_array()) return Json{{"messages", std::move(value)}};
  if (!value.is_object()) {
    return Error::Invalid("messages_json",
                          "messages_json must be an array of messages or an object with one");
  }
  for (const auto& [key, unused] : value.items()) {
    bool known = false;
    for (const char* name : kChatKeys) known = known || key == name;
    if (!known) return Error::Invalid("messages_json", "messages_json has no key \"" + key + "\"");
  }
  return value;
}

Result<Json> PromptBody(const v1::Generate& request) {
  switch (request.prompt_case()) {
    case v1::Generate::kText:
      return Json{{"prompt", request.text()}};
    case v1::Generate::kTokens: {
      Json ids = Json::array();
      for (const int32_t id : request.tokens().ids()) ids.push_back(id);
      return Json{{"prompt", std::move(ids)}};
    }
    case v1::Generate::kMessagesJson:
      return ChatBody(request.messages_json());
    case v1::Generate::PROMPT_NOT_SET:
      break;
  }
  return Error::Invalid("prompt", "one of text, tokens and messages_json is needed");
}

// NaN and infinity would turn into null, which counts as absent.
Status Add(Json& body, const char* name, bool present, double value) {
  if (!present) return {};
  if (!std::isfinite(value)) return Error::Invalid(name, std::string(name) + " is not a number");
  body[name] = value;
  return {};
}

Status AddSampling(const v1::Generate& r, Json& body) {
  TRY(Add(body, "temperature", r.has_temperature(), r.temperature()));
  TRY(Add(body, "top_p", r.has_top_p(), r.top_p()));
  TRY(Add(body, "min_p", r.has_min_p(), r.min_p()));
  TRY(Add(body, "repetition_penalty", r.has_repetition_penalty(), r.repetition_penalty()));
  TRY(Add(body, "presence_penalty", r.has_presence_penalty(), r.presence_penalty()));
  TRY(Add(body, "frequency_penalty", r.has_frequency_penalty(), r.frequency_penalty()));
  if (r.has_top_k()) body["top_k"] = r.top_k();
  if (r.has_seed()) body["seed"] = r.seed();
  if (r.logit_bias().size() > kMaxLogitBias) {
    return Error::Invalid("logit_bias", "logit_bias has " + std::to_string(r.logit_bias().size()) +
                                            " entries, at most " + std::to_string(kMaxLogitBias));
  }
  for (const auto& [token, bias] : r.logit_bias()) {
    Json& map = body["logit_bias"];
    TRY(Add(map, std::to_string(token).c_str(), true, bias));
  }
  return {};
}

void AddLogprobs(const v1::Generate& r, Json& body) {
  if (!r.has_logprobs()) return;
  if (!r.has_messages_json()) {
    body["logprobs"] = r.logprobs();
    return;
  }
  body["logprobs"] = true;
  body["top_logprobs"] = r.logprobs();
}

}  // namespace

Result<JsonRequest> ToJsonRequest(const v1::Generate& request) {
  Json body = TRY(PromptBody(request));
  if (!request.model().empty()) body["model"] = request.model();
  if (request.has_max_tokens()) body["max_tokens"] = request.max_tokens();
  if (request.has_min_tokens()) body["min_tokens"] = request.min_tokens();
  if (request.ignore_eos()) body["ignore_eos"] = true;
  if (request.stop_size() > 0) {
    body["stop"] = Json::array();
    for (const std::string& stop : request.stop()) body["stop"].push_back(stop);
  }
  TRY(AddSampling(request, body));
  AddLogprobs(request, body);
  const bool chat = request.has_messages_json();
  return JsonRequest{chat ? Dialect::kChat : Dialect::kCompletion,
                     body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace motley
