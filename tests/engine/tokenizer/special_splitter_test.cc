#include "engine/tokenizer/special_splitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <random>

namespace motley {
namespace {

Vocabulary Tokens(const std::vector<std::pair<std::string, uint8_t>>& tokens) {
  Vocabulary vocabulary;
  for (const auto& [text, kinds] : tokens) {
    vocabulary.texts.push_back(text);
    vocabulary.kinds.push_back(kinds);
    vocabulary.scores.push_back(0);
  }
  return vocabulary;
}

// "[3]" for token 3, texts as they are.
std::string Shown(const std::vector<Fragment>& fragments) {
  std::string shown;
  for (const Fragment& f : fragments) {
    shown += f.token >= 0 ? "[" + std::to_string(f.token) + "]" : "'" + std::string(f.text) + "'";
  }
  return shown;
}

bool IsSpace(char c) { return c == ' ' || c == '\n'; }

// One token after the other in falling length, each in what the others left: the definition.
std::string ShownByTheBook(const Vocabulary& vocabulary, std::string_view text) {
  std::vector<int32_t> order(vocabulary.texts.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return vocabulary.texts[a].size() > vocabulary.texts[b].size();
  });
  std::list<Fragment> fragments;
  if (!text.empty()) fragments.push_back({-1, text});
  for (int32_t token : order) {
    const std::string& wanted = vocabulary.texts[token];
    for (auto at = fragments.begin(); at != fragments.end();) {
      const size_t found = at->token >= 0 ? std::string_view::npos : at->text.find(wanted);
      if (found == std::string_view::npos) {
        ++at;
        continue;
      }
      std::string_view left = at->text.substr(0, found);
      std::string_view right = at->text.substr(found + wanted.size());
      while (vocabulary.Is(token, kStripLeft) && !left.empty() && IsSpace(left.back()))
        left.remove_suffix(1);
      while (vocabulary.Is(token, kStripRight) && !right.empty() && IsSpace(right.front()))
        right.remove_prefix(1);
      if (!left.empty()) fragments.insert(at, {-1, left});
      fragments.insert(at, {token, {}});
      at = fragments.erase(at);
      if (!right.empty()) at = fragments.insert(at, {-1, right});
    }
  }
  return Shown({fragments.begin(), fragments.end()});
}

TEST(SpecialSplitter, PrefersTheLongerTokenWhereverItStands) {
  const SpecialSplitter splitter(Tokens({{"ab", kControlToken}, {"bcd", kControlToken}}));
  EXPECT_EQ(Shown(splitter.Split("abcd", Specials::kParse)), "'a'[1]");
  EXPECT_EQ(Shown(splitter.Split("xabx", Specials::kParse)), "'x'[0]'x'");
}

TEST(SpecialSplitter, FindsOnlyUserDefinedTokensInPlainText) {
  const SpecialSplitter splitter(Tokens({{"<c>", kControlToken},
                                         {"<u>", kUserDefinedToken},
                                         {"<?>", kUnknownToken},
                                         {"<n>", kNormalToken}}));
  EXPECT_EQ(Shown(splitter.Split("<c><u><?><n>", Specials::kText)), "'<c>'[1]'<?><n>'");
  EXPECT_EQ(Shown(splitter.Split("<c><u><?><n>", Specials::kParse)), "[0][1][2]'<n>'");
}

TEST(SpecialSplitter, GivesNothingForNothing) {
  EXPECT_EQ(Shown(SpecialSplitter(Tokens({{"a", kControlToken}})).Split("", Specials::kParse)), "");
}

TEST(SpecialSplitter, DropsWhiteSpaceWhereTheTokenSaysSo) {
  const SpecialSplitter splitter(
      Tokens({{"<l>", kControlToken | kStripLeft}, {"<r>", kControlToken | kStripRight}}));
  EXPECT_EQ(Shown(splitter.Split("a \n<l> b <r> \n c", Specials::kParse)), "'a'[0]' b '[1]'c'");
}

TEST(SpecialSplitter, SplitsAsByTheBook) {
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::pair<std::string, uint8_t>> tokens;
    for (int i = 0; i < 6; ++i) {
      std::string text(1 + random() % 4, ' ');
      for (char& c : text) c = "ab \n"[random() % 4];
      const bool known =
          std::any_of(tokens.begin(), tokens.end(), [&](auto& t) { return t.first == text; });
      const uint8_t strip = round % 2 == 0 ? 0 : (random() % 4) * kStripLeft;
      if (!known) tokens.push_back({text, static_cast<uint8_t>(kControlToken | strip)});
    }
    std::string text(random() % 40, ' ');
    for (char& c : text) c = "ab \n"[random() % 4];
    const Vocabulary vocabulary = Tokens(tokens);
    ASSERT_EQ(Shown(SpecialSplitter(vocabulary).Split(text, Specials::kParse)),
              ShownByTheBook(vocabulary, text));
  }
}

}  // namespace
}  // namespace motley
