#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/template/chat.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kProbe = "motley-probe-content";

// The rendered probe, or nothing when the template refuses it.
std::string Probe(TemplateRenderer& renderer, Json messages, Json tools = nullptr) {
  Result<std::string> text = renderer.Render(Json{{"messages", std::move(messages)},
                                                  {"tools", std::move(tools)},
                                                  {"documents", nullptr},
                                                  {"add_generation_prompt", true},
                                                  {"bos_token", ""},
                                                  {"eos_token", ""}});
  return text.ok() ? text.ReleaseValue() : "";
}

bool Holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

ChatStyle::Content InspectContent(TemplateRenderer& renderer) {
  const auto ask = [&](Json content) {
    return Probe(renderer, Json::array({{{"role", "user"}, {"content", std::move(content)}}}));
  };
  if (Holds(ask(kProbe), kProbe)) return ChatStyle::Content::kText;
  const Json part = {{"type", "text"}, {"text", kProbe}};
  return Holds(ask(Json::array({part})), kProbe) ? ChatStyle::Content::kParts
                                                 : ChatStyle::Content::kText;
}

// A call of a tool and its answer. The id is of the form that Mistral's templates ask for.
std::string ProbeCall(TemplateRenderer& renderer, const Json& arguments) {
  const Json function = {{"name", "probe"}, {"arguments", arguments}};
  const Json call = {{"id", "call00001"}, {"type", "function"}, {"function", function}};
  const Json schema = {{"type", "object"},
                       {"properties", {{"probe_key", {{"type", "string"}}}}},
                       {"required", Json::array({"probe_key"})}};
  const Json tool = {
      {"type", "function"},
      {"function", {{"name", "probe"}, {"description", "Probes."}, {"parameters", schema}}}};
  return Probe(
      renderer,
      Json::array({{{"role", "user"}, {"content", "Probe."}},
                   {{"role", "assistant"}, {"content", ""}, {"tool_calls", Json::array({call})}},
                   {{"role", "tool"},
                    {"name", "probe"},
                    {"tool_call_id", "call00001"},
                    {"content", "Probed."}}}),
      Json::array({tool}));
}

ChatStyle::Arguments InspectArguments(TemplateRenderer& renderer) {
  const Json arguments = {{"probe_key", "probe_value"}};
  const std::string as_object = ProbeCall(renderer, arguments);
  // Python's own form of an object, in single quotes, is what a template writes that wanted text.
  if (Holds(as_object, "probe_value") && !Holds(as_object, "{'probe_key'")) {
    return ChatStyle::Arguments::kObject;
  }
  return Holds(ProbeCall(renderer, arguments.dump()), "{\"probe_key\":\"probe_value\"}")
             ? ChatStyle::Arguments::kJsonText
             : ChatStyle::Arguments::kObject;
}

}  // namespace

ChatStyle InspectTemplate(TemplateRenderer& renderer, const std::string& source) {
  return {
      InspectContent(renderer),
      Holds(source, "developer") ? ChatStyle::Developer::kKnown : ChatStyle::Developer::kIsSystem,
      InspectArguments(renderer)};
}

}  // namespace motley
