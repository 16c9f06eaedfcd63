#include "engine/template/renderer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/template/helper_process.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

std::unique_ptr<TemplateRenderer> Start(const std::string& source,
                                        const HelperOptions& options = {}) {
  auto renderer = StartRenderer(source, options);
  EXPECT_TRUE(renderer.ok()) << renderer.error().message;
  return renderer.ReleaseValue();
}

std::string Text(const Result<std::string>& result) {
  return result.ok() ? *result : "[" + result.error().message + "]";
}

TEST(Renderer, RendersChatMlByTheBuiltInTemplate) {
  const auto renderer = Start(kBuiltInTemplate);
  const Json variables = Json::parse(R"({"messages": [
      {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi é \n"}],
      "add_generation_prompt": true})");
  EXPECT_EQ(Text(renderer->Render(variables)),
            "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi é \n<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(Renderer, WritesObjectsInTheOrderOfTheirKeys) {
  const auto renderer = Start("{{ x | tojson }}|{{ x | tojson(indent=1, sort_keys=true) }}");
  EXPECT_EQ(Text(renderer->Render(Json::parse(R"({"x": {"b": "<é>", "a": [1.5, null]}})"))),
            "{\"b\": \"<é>\", \"a\": [1.5, null]}|"
            "{\n \"a\": [\n  1.5,\n  null\n ],\n \"b\": \"<é>\"\n}");
}

TEST(Renderer, KnowsTheTagsThatTransformersAdds) {
  const auto renderer = Start(
      "{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}"
      "{% generation %}said{{ x }}{% endgeneration %}");
  EXPECT_EQ(Text(renderer->Render({{"x", 7}})), "01said7");
}

TEST(Renderer, TellsTheLocalDateInsideTheSandbox) {
  const auto renderer = Start("{{ strftime_now('%d %b %Y %H') }}");
  const auto now = [] {
    char text[64];
    const time_t seconds = time(nullptr);
    tm local;
    return std::string(text,
                       strftime(text, sizeof(text), "%d %b %Y %H", localtime_r(&seconds, &local)));
  };
  const std::string before = now(), told = Text(renderer->Render(Json::object())), after = now();
  EXPECT_TRUE(told == before || told == after) << told << " is not " << after;
}

TEST(Renderer, GivesTheMessageThatTheTemplateRaises) {
  const auto renderer =
      Start("{% if bad %}{{ raise_exception('Roles must alternate') }}{% endif %}ok");
  const auto result = renderer->Render({{"bad", true}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kInvalidArgument);
  EXPECT_EQ(result.error().message, "Roles must alternate");
  EXPECT_EQ(result.error().field, "messages");
  EXPECT_EQ(Text(renderer->Render({{"bad", false}})), "ok");
}

TEST(Renderer, NamesTheLineThatDoesNotCompile) {
  const auto renderer = Start("fine\nfine\n{% if x %}\n{{ }}\n");
  for (int i = 0; i < 2; ++i) {
    const auto result = renderer->Render(Json::object());
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kInvalidArgument);
    EXPECT_EQ(result.error().field, "chat_template");
    EXPECT_NE(result.error().message.find("line 4"), std::string::npos) << result.error().message;
  }
}

TEST(Renderer, NamesTheLineThatFails) {
  const auto renderer = Start("fine\n{{ messages[0].no.body }}");
  const auto result = renderer->Render({{"messages", {{{"role", "user"}}}}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kInvalidArgument);
  EXPECT_NE(result.error().message.find("line 2"), std::string::npos) << result.error().message;
}

TEST(Renderer, RefusesVariablesThatNestTooDeep) {
  const auto renderer = Start("{{ x | tojson | length }}");
  Json deep = 1;
  for (int i = 0; i < 200; ++i) deep = Json::array({deep});
  const auto result = renderer->Render({{"x", deep}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kInvalidArgument);
}

TEST(Renderer, CarriesTextsOfMegabytes) {
  const auto renderer = Start("{{ x }}{{ x | length }}");
  const std::string text(5 << 20, 'y');
  EXPECT_EQ(Text(renderer->Render({{"x", text}})), text + std::to_string(text.size()));
}

TEST(Renderer, ServesManyThreads) {
  const auto renderer = Start("{{ x }}{{ x }}");
  std::vector<std::thread> threads;
  std::vector<std::string> texts(8);
  for (size_t i = 0; i < texts.size(); ++i) {
    threads.emplace_back([&, i] { texts[i] = Text(renderer->Render({{"x", i}})); });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(texts[i], std::to_string(i) + std::to_string(i));
  }
}

TEST(Renderer, NamesThePackageWhenPythonIsMissing) {
  const auto renderer = StartRenderer("x", {.python = "/nonexistent/python3"});
  ASSERT_FALSE(renderer.ok());
  EXPECT_EQ(renderer.error().code, Code::kUnavailable);
  EXPECT_NE(renderer.error().remedy.find("python3-jinja2"), std::string::npos);
}

TEST(Renderer, NamesThePackageWhenJinjaIsMissing) {
  const auto renderer = Start("x", {.packages = "/nonexistent"});
  const auto result = renderer->Render(Json::object());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kUnavailable);
  EXPECT_NE(result.error().remedy.find("python3-jinja2"), std::string::npos);
}

}  // namespace
}  // namespace motley
