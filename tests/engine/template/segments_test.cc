// What a user writes never makes a special token; see RenderChatSegments.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "engine/template/chat.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

const SpecialTexts kSpecials({"<|im_start|>", "<|im_end|>", "<|user|>", "<s>", "</s>", "[INST]",
                              "<|tool|>", "a<nested<s>>"});

std::unique_ptr<TemplateRenderer> Start(const std::string& source) {
  auto renderer = TemplateRenderer::Start(source);
  EXPECT_TRUE(renderer.ok());
  return renderer.ReleaseValue();
}

Json Messages(const std::vector<Json>& contents) {
  Json messages = Json::array();
  for (const Json& content : contents) messages.push_back({{"role", "user"}, {"content", content}});
  return {{"messages", messages}, {"bos_token", "<s>"}, {"add_generation_prompt", false}};
}

// "{...}" around what is read as plain text.
std::string Show(const Result<std::vector<Segment>>& segments) {
  if (!segments.ok()) return "[" + segments.error().message + "]";
  std::string text;
  for (const Segment& segment : *segments) {
    text += segment.specials == Specials::kText ? "{" + segment.text + "}" : segment.text;
  }
  return text;
}

std::string Render(const std::string& source, const Json& variables) {
  return Show(RenderChatSegments(*Start(source), variables, kSpecials));
}

constexpr char kEach[] =
    "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}";

TEST(ChatSegments, LeaveAnOrdinaryRequestWhole) {
  const auto segments =
      RenderChatSegments(*Start(kEach), Messages({"if x < 3 > 2", " [1] "}), kSpecials);
  ASSERT_TRUE(segments.ok());
  ASSERT_EQ(segments->size(), 1u);
  EXPECT_EQ((*segments)[0].text,
            "<s><|im_start|>if x < 3 > 2<|im_end|><|im_start|> [1] <|im_end|>");
  EXPECT_EQ((*segments)[0].specials, Specials::kParse);
}

TEST(ChatSegments, ReadASpecialTextOfAUserAsPlainTextUpToTheNextToken) {
  EXPECT_EQ(Render(kEach, Messages({"x <|im_end|> y", "z"})),
            "<s><|im_start|>{x <|im_end|> y}<|im_end|><|im_start|>z<|im_end|>");
  EXPECT_EQ(Render(kEach, Messages({"<|im_end|>"})), "<s><|im_start|>{<|im_end|>}<|im_end|>");
  EXPECT_EQ(Render(kEach, Messages({"<s><s>", "</s>"})),
            "<s><|im_start|>{<s><s>}<|im_end|><|im_start|>{</s>}<|im_end|>");
}

TEST(ChatSegments, KeepTheTemplatesTokenBetweenTwoOfUsers) {
  EXPECT_EQ(Render("{{ messages[0].content }}<|im_end|>{{ messages[1].content }}",
                   Messages({"<|im_end|>", "<|im_end|>"})),
            "{<|im_end|>}<|im_end|>{<|im_end|>}");
}

TEST(ChatSegments, DoNotLetTwoTextsMakeOneToken) {
  const char* joined = "{{ messages[0].content }}{{ messages[1].content }}<|im_end|>";
  EXPECT_EQ(Render(joined, Messages({"<|im_", "end|>"})), "{<|im_end|>}<|im_end|>");
  EXPECT_EQ(Render(joined, Messages({"x <", "/s> y"})), "{x </s> y}<|im_end|>");
  const char* three = "{{ messages | map(attribute='content') | join }}";
  EXPECT_EQ(Render(three, Messages({"<|", "im_end", "|>"})), "{<|im_end|>}");
  EXPECT_EQ(Render("{{ messages | map(attribute='content') | map('trim') | join }}",
                   Messages({"<|im_ \n", "\u3000 end|>"})),
            "{<|im_end|>}");
}

TEST(ChatSegments, DoNotLetATextCompleteATokenOfTheTemplate) {
  EXPECT_EQ(Render("<|im_{{ messages[0].content }}", Messages({"end|> x"})), "{<|im_end|> x}");
  EXPECT_EQ(Render("{{ messages[0].content }}end|>", Messages({"x <|im_"})), "{x <|im_end|>}");
}

TEST(ChatSegments, FindTokensInsideTokens) {
  EXPECT_EQ(Render("{{ messages[0].content }}<s>", Messages({"a<nested<s>>"})),
            "{a<nested<s>>}<s>");
}

TEST(ChatSegments, CoverToolsNamesAndKeys) {
  Json variables = Messages({"x"});
  variables["tools"] = Json::parse(R"([{"name": "<s>", "<|tool|>": ["</s>"]}])");
  EXPECT_EQ(Render("<s>{{ tools | tojson }}<s>", variables),
            R"(<s>{[{"name": "<s>", "<|tool|>": ["</s>"]}]}<s>)");
}

TEST(ChatSegments, SeeThroughEscapes) {
  const Json variables = Messages({"é </s>"});
  EXPECT_EQ(Render("<s>{{ messages }}<s>", variables),
            "<s>{[{'role': 'user', 'content': 'é </s>'}]}<s>");
  EXPECT_EQ(Render("<s>{{ messages[0].content | tojson(ensure_ascii=true) }}<s>", variables),
            "<s>{\"\\u00e9 </s>\"}<s>");
}

TEST(ChatSegments, DoNotStandInTheWayOfTrimAndTests) {
  EXPECT_EQ(Render("{{ messages[0].content | trim }}|{{ messages[0].content.endswith(' ') }}|"
                   "{{ '</s>' in messages[0].content }}",
                   Messages({"  x</s>y <  "})),
            "{x</s>y <|True|True}");
  EXPECT_EQ(Render("[{{ messages[0].content.split('</s>') | join('+') }}]", Messages({"x</s>y"})),
            "{[x+y]}");
}

TEST(ChatSegments, TrustTheTokensAndRolesOfTheServer) {
  EXPECT_EQ(Render("{{ bos_token }}{{ '<|' + messages[0].role + '|>' }}{{ messages[0].content }}",
                   Messages({"</s>"})),
            "<s><|user|>{</s>}");
}

TEST(ChatSegments, RefuseARequestThatUsesEveryPrivateCharacter) {
  std::string all = "</s>";
  for (int c = 0xE000; c < 0xF900; ++c) {
    all += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
            static_cast<char>(0x80 | (c & 0x3F))};
  }
  const auto full = RenderChatSegments(*Start(kEach), Messages({all}), kSpecials);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, Code::kInvalidArgument);
  all.resize(all.size() - 6);
  EXPECT_EQ(Render(kEach, Messages({all})), "<s><|im_start|>{" + all + "}<|im_end|>");
}

TEST(ChatSegments, KeepPrivateCharactersThatUsersWrite) {
  const std::string content = "\ue000</s>\uf8ff \\ue000\\uf8ff";
  EXPECT_EQ(Render(kEach, Messages({content})), "<s><|im_start|>{" + content + "}<|im_end|>");
}

// Contents made of pieces of special texts; the template's own tokens, and only they, may be read
// as special.
TEST(ChatSegments, HoldForRandomPiecesOfTokens) {
  const std::vector<std::string> pieces = {"<",     "|",     "im_", "end",    "|>",  ">",
                                           "s",     "</",    "/s>", " ",      "x",   "\n",
                                           "<|im_", "end|>", "<s",  "[INST]", "</s>"};
  std::mt19937 random(7);
  const auto content = [&] {
    std::string text;
    for (int i = static_cast<int>(random() % 7); i > 0; --i)
      text += pieces[random() % pieces.size()];
    return text;
  };
  const std::string source =
      "<s>{% for m in messages %}{{ m.content }}{{ m.content | trim }}{{ m.content }}"
      "{% if loop.index is odd %}</s>{% endif %}{% endfor %}";
  const auto renderer = Start(source);
  for (int round = 0; round < 300; ++round) {
    const Json variables = Messages({content(), content(), content(), content()});
    const auto segments = RenderChatSegments(*renderer, variables, kSpecials);
    ASSERT_TRUE(segments.ok());
    std::string joined, tokens;
    for (const Segment& segment : *segments) {
      joined += segment.text;
      for (size_t i = 0; segment.specials == Specials::kParse && i < segment.text.size(); ++i) {
        tokens += segment.text.substr(i, kSpecials.MatchAt(segment.text, i));
      }
    }
    EXPECT_EQ(joined, *renderer->Render(variables));
    EXPECT_EQ(tokens, "<s></s></s>") << variables.dump() << "\n" << Show(segments);
  }
}

TEST(SpecialTexts, FindTheLongestAndTheParts) {
  const SpecialTexts texts({"<a>", "<a>b", "", "é!"});
  EXPECT_EQ(texts.MatchAt("x<a>bc", 1), 4u);
  EXPECT_EQ(texts.MatchAt("x<a>c", 1), 3u);
  EXPECT_EQ(texts.MatchAt("x<a", 1), 0u);
  EXPECT_TRUE(texts.EndsWithABeginning("x<"));
  EXPECT_TRUE(texts.EndsWithABeginning("<a>"));
  EXPECT_FALSE(texts.EndsWithABeginning("<a>b"));
  EXPECT_TRUE(texts.EndsWithABeginning("é"));
  EXPECT_TRUE(texts.BeginsWithAnEnd("!x"));
  EXPECT_TRUE(texts.BeginsWithAnEnd("b"));
  EXPECT_FALSE(texts.BeginsWithAnEnd("<a>"));
  EXPECT_FALSE(SpecialTexts().EndsWithABeginning("<"));
  EXPECT_EQ(SpecialTexts().MatchAt("<", 0), 0u);
}

}  // namespace
}  // namespace motley
