// The fields whose values have a shape of their own.

#include <fmt/format.h>

#include <charconv>

#include "daemon/validate/generation_rules.h"
#include "daemon/validate/utf8.h"

namespace motley {
namespace {

using nlohmann::json;
using Draft = GenerationDraft;

std::optional<int32_t> TokenId(const std::string& text, int vocabulary) {
  int32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (id < 0 || id >= vocabulary) return std::nullopt;
  return id;
}

Status CheckStop(const json& value) {
  TRY(CheckKind("stop", value, Kind::kString, {}));
  const size_t bytes = value.get_ref<const std::string&>().size();
  if (bytes >= 1 && bytes <= kMaxStopBytes) return {};
  return Error::Invalid(
      "stop", fmt::format("a stop string has {} bytes, must have 1 to {}", bytes, kMaxStopBytes));
}

Error OnlyText(const char* field, const json& value) {
  Error error = Error::Unsupported(
      fmt::format("{} {} is not supported, only \"text\"", field, Shorten(value.dump(), 80)));
  error.field = field;
  return error;
}

}  // namespace

Status SetLogitBias(const json& value, Draft& draft) {
  if (value.size() > kMaxLogitBias) {
    return Error::Invalid("logit_bias", fmt::format("logit_bias has {} entries, at most {}",
                                                    value.size(), kMaxLogitBias));
  }
  for (const auto& [key, bias] : value.items()) {
    const auto id = TokenId(key, draft.limits.vocabulary);
    if (!id) {
      return Error::Invalid("logit_bias",
                            fmt::format("logit_bias key \"{}\" must be a token id from 0 to {}",
                                        Shorten(key, 40), draft.limits.vocabulary - 1));
    }
    if (auto checked = CheckKind("logit_bias", bias, Kind::kNumber, {-100, 100}); !checked.ok()) {
      return checked;
    }
    draft.request.sampling.logit_bias[*id] = bias.get<float>();
  }
  return {};
}

Status SetStop(const json& value, Draft& draft) {
  if (value.is_string()) {
    TRY(CheckStop(value));
    draft.request.stop = {value.get<std::string>()};
    return {};
  }
  if (!value.is_array()) {
    return Error::Invalid(
        "stop", fmt::format("stop is a JSON {}, must be a string or an array", value.type_name()));
  }
  if (value.size() > size_t{kMaxStops}) {
    return Error::Invalid("stop",
                          fmt::format("stop has {} strings, at most {}", value.size(), kMaxStops));
  }
  for (const json& one : value) {
    TRY(CheckStop(one));
    draft.request.stop.push_back(one.get<std::string>());
  }
  return {};
}

Status SetStreamOptions(const json& value, Draft& draft) {
  draft.has_stream_options = true;
  const auto usage = value.find("include_usage");
  if (usage == value.end() || usage->is_null()) return {};
  TRY(CheckKind("stream_options.include_usage", *usage, Kind::kBoolean, {}));
  draft.request.include_usage = usage->get<bool>();
  return {};
}

Status CheckResponseFormat(const json& value, Draft&) {
  const auto type = value.find("type");
  if (type == value.end()) {
    return Error::Invalid("response_format", "response_format has no \"type\"");
  }
  if (*type == "text") return {};
  return OnlyText("response_format", *type);
}

Status CheckModalities(const json& value, Draft&) {
  for (const json& one : value) {
    if (one != "text") return OnlyText("modalities", one);
  }
  return {};
}

Status CheckMessages(const json& value, Draft&) {
  if (value.empty() || value.size() > kMaxMessages) {
    return Error::Invalid("messages", fmt::format("messages has {} entries, must have 1 to {}",
                                                  value.size(), kMaxMessages));
  }
  for (size_t i = 0; i < value.size(); ++i) {
    if (!value[i].is_object() || value[i].value("role", json()) == "assistant") continue;
    if (!value[i].value("content", json()).is_null()) continue;
    const std::string field = fmt::format("messages[{}].content", i);
    return Error::Invalid(field, field + " is missing: only an assistant may say nothing");
  }
  return {};
}

Status CheckTools(const json& value, Draft&) {
  if (value.size() > kMaxTools) {
    return Error::Invalid("tools",
                          fmt::format("tools has {} entries, at most {}", value.size(), kMaxTools));
  }
  for (const json& tool : value) {
    TRY(CheckKind("tools[]", tool, Kind::kObject, {}));
    if (tool.value("type", json()) != "function" || !tool.contains("function") ||
        !tool["function"].is_object() || !tool["function"].value("name", json()).is_string()) {
      return Error::Invalid(
          "tools", "a tool must be {\"type\": \"function\", \"function\": {\"name\": ...}}");
    }
  }

  return {};
}

Status CheckToolChoice(const json& value, Draft&) {
  if (value == "auto" || value == "none") return {};
  if (value != "required" && !value.is_object()) {
    return Error::Invalid("tool_choice",
                          "tool_choice must be \"none\", \"auto\", \"required\" or a tool's name");
  }
  Error error = Error::Unsupported(
      "tool_choice \"required\" or a named tool cannot be enforced; use \"auto\" or \"none\"");
  error.field = "tool_choice";
  return error;
}

Status CheckSuffix(const json& value, Draft&) {
  if (value == "") return {};
  Error error = Error::Unsupported("suffix is not supported: this model only continues a text");
  error.field = "suffix";
  return error;
}

}  // namespace motley
