#include "daemon/validate/prompts.h"

#include <fmt/format.h>

#include "daemon/validate/rules.h"

namespace motley {
namespace {

using nlohmann::json;

Result<Prompt> ReadPrompt(const json& value, const std::string& field, int vocabulary) {
  if (value.is_string()) return Prompt(value.get<std::string>());
  if (!value.is_array()) {
    return Error::Invalid(
        "prompt", fmt::format("{} is a JSON {}, must be a text or an array of token ids", field,
                              value.type_name()));
  }
  std::vector<int32_t> ids = TRY(ReadTokenIds(value, field, vocabulary));
  if (ids.empty())
    return Error::Invalid("prompt", field + " is empty, must have at least one token");
  return Prompt(std::move(ids));
}

constexpr Rule<TokenizeRequest> kTokenizeRules[] = {
    {"content",
     Kind::kString,
     {},
     [](const json& v, TokenizeRequest& out) -> Status {
       out.content = v.get<std::string>();
       return {};
     }},
    {"add_special",
     Kind::kBoolean,
     {},
     [](const json& v, TokenizeRequest& out) -> Status {
       out.add_special = v.get<bool>();
       return {};
     }},
    {"parse_special",
     Kind::kBoolean,
     {},
     [](const json& v, TokenizeRequest& out) -> Status {
       out.parse_special = v.get<bool>();
       return {};
     }},
    {"with_pieces",
     Kind::kBoolean,
     {},
     [](const json& v, TokenizeRequest& out) -> Status {
       out.with_pieces = v.get<bool>();
       return {};
     }},
};

}  // namespace

Result<std::vector<int32_t>> ReadTokenIds(const json& value, const std::string& field,
                                          int vocabulary) {
  TRY(CheckKind(field, value, Kind::kArray, {}));
  const Range range = {0, static_cast<long double>(vocabulary - 1)};
  std::vector<int32_t> ids;
  ids.reserve(value.size());
  for (const json& id : value) {
    if (auto checked = CheckKind(field, id, Kind::kInteger, range); !checked.ok()) {
      Error error = checked.ReleaseError();
      error.message = fmt::format("token id {} of {}: {}", ids.size(), field, error.message);
      return error;
    }
    ids.push_back(static_cast<int32_t>(IntegerOf(id)));
  }
  return ids;
}

Result<std::vector<Prompt>> ReadPrompts(const json& value, int vocabulary) {
  const bool list = value.is_array() && !value.empty() && !value[0].is_number();
  std::vector<Prompt> prompts;
  if (!list) {
    prompts.push_back(TRY(ReadPrompt(value, "prompt", vocabulary)));
    return prompts;
  }
  if (value.size() > size_t{kMaxPrompts}) {
    return Error::Invalid("prompt", fmt::format("prompt is a list of {} prompts, at most {}",
                                                value.size(), kMaxPrompts));
  }
  for (const json& one : value) {
    prompts.push_back(TRY(ReadPrompt(one, fmt::format("prompt[{}]", prompts.size()), vocabulary)));
  }
  return prompts;
}

Result<TokenizeRequest> ValidateTokenize(const json& body) {
  TokenizeRequest request;
  std::vector<std::string> unknown, without_effect;
  TRY(ApplyRules<TokenizeRequest>(body, kTokenizeRules, request, unknown, without_effect));
  if (body.value("content", json()).is_null()) {
    return Error::Invalid("content", "content is missing");
  }
  return request;
}

Result<std::vector<int32_t>> ValidateDetokenize(const json& body, int vocabulary) {
  if (!body.contains("tokens")) return Error::Invalid("tokens", "tokens is missing");
  return ReadTokenIds(body["tokens"], "tokens", vocabulary);
}

}  // namespace motley
