#include "engine/template/chat.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

Json Variables(const std::string& request, const ChatStyle& style = {}) {
  Result<Json> variables = ChatVariables(Json::parse(request), style, {"<s>", "</s>"});
  EXPECT_TRUE(variables.ok()) << variables.error().message;
  return variables.ok() ? variables.ReleaseValue() : Json();
}

TEST(ChatVariables, AreThoseThatTransformersPasses) {
  EXPECT_EQ(Variables(R"({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})").dump(),
            R"({"messages":[{"role":"user","content":"Hi"}],"tools":null,"documents":null,)"
            R"("add_generation_prompt":true,"bos_token":"<s>","eos_token":"</s>"})");
}

TEST(ChatVariables, JoinTextPartsByNewlines) {
  const Json variables = Variables(R"({"messages": [{"role": "user", "content":
      [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]})");
  EXPECT_EQ(variables["messages"][0]["content"], "a\nb");
}

TEST(ChatVariables, GivePartsToTemplatesThatReadParts) {
  const Json variables = Variables(R"({"messages": [{"role": "user", "content": "a"}]})",
                                   {.content = ChatStyle::Content::kParts});
  EXPECT_EQ(variables["messages"][0]["content"].dump(), R"([{"type":"text","text":"a"}])");
}

TEST(ChatVariables, TellADeveloperAsSystemUnlessTheTemplateKnowsIt) {
  const std::string request = R"({"messages": [{"role": "developer", "content": "a"}]})";
  EXPECT_EQ(Variables(request)["messages"][0]["role"], "system");
  EXPECT_EQ(Variables(request, {.developer = ChatStyle::Developer::kKnown})["messages"][0]["role"],
            "developer");
}

TEST(ChatVariables, ReadArgumentsOfToolCallsInTheirOrder) {
  const std::string request =
      R"({"messages": [{"role": "assistant", "content": null, "tool_calls": [
      {"id": "1", "function": {"name": "f", "arguments": "{\"b\": 1, \"a\": [2]}"}},
      {"id": "2", "function": {"name": "g", "arguments": ""}},
      {"id": "3", "function": {"name": "h", "arguments": "{broken"}},
      {"id": "4", "function": {"name": "i"}}]}]})";
  const Json message = Variables(request)["messages"][0];
  EXPECT_EQ(message["content"], "");
  const auto arguments = [&](int i) {
    return message["tool_calls"][i]["function"]["arguments"].dump();
  };
  EXPECT_EQ(arguments(0), R"({"b":1,"a":[2]})");
  EXPECT_EQ(arguments(1), "{}");
  EXPECT_EQ(arguments(2), R"("{broken")");
  EXPECT_EQ(arguments(3), "{}");
}

TEST(ChatVariables, KeepArgumentsAsTextForTemplatesThatReadText) {
  const Json message = Variables(R"({"messages": [{"role": "assistant", "tool_calls": [
      {"function": {"name": "f", "arguments": {"b": 1}}}]}]})",
                                 {.arguments = ChatStyle::Arguments::kJsonText})["messages"][0];
  EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"], R"({"b":1})");
}

TEST(ChatVariables, LeaveOutEmptyToolCallsAndToolsThatMayNotBeCalled) {
  const Json variables = Variables(R"({"messages": [{"role": "assistant", "tool_calls": []}],
      "tools": [{"type": "function"}], "tool_choice": "none"})");
  EXPECT_FALSE(variables["messages"][0].contains("tool_calls"));
  EXPECT_TRUE(variables["tools"].is_null());
}

TEST(ChatVariables, TakeTheTemplatesOwnArguments) {
  const Json variables = Variables(R"({"messages": [{"role": "user", "content": ""}],
      "reasoning_effort": "low", "chat_template_kwargs": {"enable_thinking": false}})");
  EXPECT_EQ(variables["reasoning_effort"], "low");
  EXPECT_EQ(variables["enable_thinking"], false);
}

TEST(ChatVariables, NameTheFieldAtFault) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "body"},
      {R"({})", "messages"},
      {R"({"messages": []})", "messages"},
      {R"({"messages": {"role": "user"}})", "messages"},
      {R"({"messages": ["hi"]})", "messages[0]"},
      {R"({"messages": [{"content": "x"}]})", "messages[0].role"},
      {R"({"messages": [{"role": "im_end", "content": "x"}]})", "messages[0].role"},
      {R"({"messages": [{"role": 1}]})", "messages[0].role"},
      {R"({"messages": [{"role": "user", "content": 1}]})", "messages[0].content"},
      {R"({"messages": [{"role": "user", "content": [1]}]})", "messages[0].content[0]"},
      {R"({"messages": [{"role": "user", "content": [{"type": "text"}]}]})",
       "messages[0].content[0].text"},
      {R"({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]})",
       "messages[0].content[0].type"},
      {R"({"messages": [{"role": "assistant", "tool_calls": "f"}]})", "messages[0].tool_calls"},
      {R"({"messages": [{"role": "assistant", "tool_calls": [1]}]})", "messages[0].tool_calls[0]"},
      {R"({"messages": [{"role": "assistant", "tool_calls": [{"function": 1}]}]})",
       "messages[0].tool_calls[0].function"},
      {R"({"messages": [{"role": "user"}], "tools": {}})", "tools"},
      {R"({"messages": [{"role": "user"}], "tools": [1]})", "tools"},
      {R"({"messages": [{"role": "user"}], "add_generation_prompt": 1})", "add_generation_prompt"},
      {R"({"messages": [{"role": "user"}], "chat_template_kwargs": 1})", "chat_template_kwargs"},
      {R"({"messages": [{"role": "user"}], "chat_template_kwargs": {"bos_token": "x"}})",
       "chat_template_kwargs.bos_token"},
      {R"({"messages": [{"role": "user"}], "chat_template_kwargs": {"messages": []}})",
       "chat_template_kwargs.messages"},
  };
  for (const auto& [request, field] : cases) {
    const Result<Json> variables = ChatVariables(Json::parse(request), {}, {});
    ASSERT_FALSE(variables.ok()) << request;
    EXPECT_EQ(variables.error().field, field) << variables.error().message;
    EXPECT_TRUE(variables.error().code == Code::kInvalidArgument ||
                variables.error().code == Code::kUnsupported);
  }
}

ChatStyle Inspect(const std::string& source) {
  auto renderer = TemplateRenderer::Start(source);
  EXPECT_TRUE(renderer.ok());
  return InspectTemplate(**renderer, source);
}

TEST(InspectTemplate, FindsTextAndPartsOfContent) {
  EXPECT_EQ(Inspect(kBuiltInTemplate).content, ChatStyle::Content::kText);
  EXPECT_EQ(
      Inspect("{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}")
          .content,
      ChatStyle::Content::kParts);
  EXPECT_EQ(Inspect("{{ raise_exception('never') }}").content, ChatStyle::Content::kText);
}

TEST(InspectTemplate, FindsTheDeveloperRole) {
  EXPECT_EQ(Inspect(kBuiltInTemplate).developer, ChatStyle::Developer::kIsSystem);
  EXPECT_EQ(Inspect("{% if messages[0].role == 'developer' %}{% endif %}").developer,
            ChatStyle::Developer::kKnown);
}

TEST(InspectTemplate, FindsTheFormOfArguments) {
  const auto of_call = [](const std::string& expression) {
    return Inspect("{% for m in messages if m.tool_calls %}{% for c in m.tool_calls %}" +
                   expression + "{% endfor %}{% endfor %}")
        .arguments;
  };
  EXPECT_EQ(of_call("{{ c.function.arguments | tojson }}"), ChatStyle::Arguments::kObject);
  EXPECT_EQ(of_call("{{ c.function.arguments.items() | list }}"), ChatStyle::Arguments::kObject);
  EXPECT_EQ(of_call("{{ c.function.arguments }}"), ChatStyle::Arguments::kJsonText);
  EXPECT_EQ(of_call("{{ '(' + c.function.arguments + ')' }}"), ChatStyle::Arguments::kJsonText);
}

}  // namespace
}  // namespace motley
