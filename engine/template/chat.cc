#include "engine/template/chat.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "engine/template/ordered_json.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kRoles[] = {"system",    "developer", "user",
                                       "assistant", "tool",      "function"};

Error Wrong(const std::string& field, const std::string& what) {
  return Error::Invalid(field, field + " must be " + what);
}

Json TextPart(std::string text) { return {{"type", "text"}, {"text", std::move(text)}}; }

// The text of one part of a content array.
Result<std::string> PartText(const Json& part, const std::string& field) {
  if (part.is_string()) return part.get<std::string>();
  if (!part.is_object() || !part.contains("type") || !part["type"].is_string()) {
    return Wrong(field, "an object with a type");
  }
  const std::string type = part["type"];
  if (type != "text" && type != "input_text" && type != "output_text" && type != "refusal") {
    Error error = Error::Unsupported("content of type \"" + type + "\": this model reads text");
    error.field = field + ".type";
    return error;
  }
  const auto text = part.find(type == "refusal" ? "refusal" : "text");
  if (text == part.end() || !text->is_string()) return Wrong(field + ".text", "a string");
  return text->get<std::string>();
}

Result<Json> ReadContent(const Json& content, ChatStyle::Content style, const std::string& field) {
  std::vector<std::string> texts;
  if (content.is_string()) {
    texts.push_back(content);
  } else if (content.is_array()) {
    for (size_t i = 0; i < content.size(); ++i) {
      texts.push_back(TRY(PartText(content[i], field + "[" + std::to_string(i) + "]")));
    }
  } else if (!content.is_null()) {
    return Wrong(field, "a string, an array of parts or null");
  }
  if (style == ChatStyle::Content::kParts) {
    Json parts = Json::array();
    for (std::string& text : texts) parts.push_back(TextPart(std::move(text)));
    return parts;
  }
  std::string joined;
  for (size_t i = 0; i < texts.size(); ++i) joined += (i > 0 ? "\n" : "") + texts[i];
  return Json(joined);
}

Json ReadArguments(const Json& arguments, ChatStyle::Arguments style) {
  if (style == ChatStyle::Arguments::kJsonText) {
    return arguments.is_string() ? arguments : Json(arguments.is_null() ? "{}" : arguments.dump());
  }
  if (!arguments.is_string()) return arguments.is_null() ? Json::object() : arguments;
  const std::string& text = arguments.get_ref<const std::string&>();
  if (text.empty()) return Json::object();
  Result<Json> parsed = ParseOrderedJson(text);
  return parsed.ok() && parsed->is_object() ? parsed.ReleaseValue() : arguments;
}

Result<Json> ReadToolCalls(Json calls, ChatStyle::Arguments style, const std::string& field) {
  if (!calls.is_array()) return Wrong(field, "an array");
  for (size_t i = 0; i < calls.size(); ++i) {
    const std::string name = field + "[" + std::to_string(i) + "]";
    if (!calls[i].is_object()) return Wrong(name, "an object");
    const auto function = calls[i].find("function");
    if (function == calls[i].end()) continue;
    if (!function->is_object()) return Wrong(name + ".function", "an object");
    Json& arguments = (*function)["arguments"];
    arguments = ReadArguments(arguments, style);
  }
  return calls;
}

Result<Json> ReadMessage(Json message, const ChatStyle& style, const std::string& field) {
  if (!message.is_object()) return Wrong(field, "an object");
  const auto role = message.find("role");
  const bool known = role != message.end() && role->is_string() &&
                     std::find(std::begin(kRoles), std::end(kRoles),
                               role->get_ref<const std::string&>()) != std::end(kRoles);
  if (!known) {
    return Wrong(field + ".role", "system, developer, user, assistant, tool or function");
  }
  if (*role == "developer" && style.developer == ChatStyle::Developer::kIsSystem) *role = "system";
  Json& content = message["content"];
  content = TRY(ReadContent(content, style.content, field + ".content"));
  const auto calls = message.find("tool_calls");
  if (calls == message.end()) return message;
  if (calls->is_null() || calls->empty()) {
    message.erase("tool_calls");
  } else {
    *calls = TRY(ReadToolCalls(*calls, style.arguments, field + ".tool_calls"));
  }
  return message;
}

Result<Json> ReadMessages(const Json& request, const ChatStyle& style) {
  const auto messages = request.find("messages");
  if (messages == request.end() || !messages->is_array() || messages->empty()) {
    return Wrong("messages", "an array of at least one message");
  }
  Json result = Json::array();
  for (size_t i = 0; i < messages->size(); ++i) {
    const std::string field = "messages[" + std::to_string(i) + "]";
    result.push_back(TRY(ReadMessage((*messages)[i], style, field)));
  }
  return result;
}

// An array of objects; absent, null or empty: null, as transformers passes what it has not.
Result<Json> ReadObjects(const Json& request, const std::string& field) {
  const auto objects = request.find(field);
  if (objects == request.end() || objects->is_null()) return Json();
  const bool all = objects->is_array() && std::all_of(objects->begin(), objects->end(),
                                                      [](const Json& o) { return o.is_object(); });
  if (!all) return Wrong(field, "an array of objects");
  return objects->empty() ? Json() : *objects;
}

Status AddTemplateArguments(const Json& request, Json& variables) {
  const auto arguments = request.find("chat_template_kwargs");
  if (arguments == request.end() || arguments->is_null()) return {};
  if (!arguments->is_object()) return Wrong("chat_template_kwargs", "an object");
  for (const auto& [key, value] : arguments->items()) {
    if (key == "messages" || key == "tools" || key.ends_with("_token")) {
      return Error::Invalid("chat_template_kwargs." + key, "the server sets \"" + key + "\"");
    }
    variables[key] = value;
  }
  return {};
}

}  // namespace

Result<Json> ChatVariables(const Json& request, const ChatStyle& style, const ChatTokens& tokens) {
  if (!request.is_object()) return Wrong("body", "a JSON object");
  Json variables = {{"messages", nullptr},     {"tools", nullptr},
                    {"documents", nullptr},    {"add_generation_prompt", true},
                    {"bos_token", tokens.bos}, {"eos_token", tokens.eos}};
  variables["messages"] = TRY(ReadMessages(request, style));
  variables["tools"] = TRY(ReadObjects(request, "tools"));
  variables["documents"] = TRY(ReadObjects(request, "documents"));
  if (request.value("tool_choice", Json()) == "none") variables["tools"] = nullptr;
  const Json generation = request.value("add_generation_prompt", Json(true));
  if (!generation.is_boolean()) return Wrong("add_generation_prompt", "true or false");
  variables["add_generation_prompt"] = generation;
  const Json effort = request.value("reasoning_effort", Json());
  if (effort.is_string()) variables["reasoning_effort"] = effort;
  TRY(AddTemplateArguments(request, variables));
  return variables;
}

}  // namespace motley
