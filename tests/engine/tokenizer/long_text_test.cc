// One character, very often: what has crashed or hung the tokenisers of others. A test that is
// quadratic in these sizes does not come back within ctest's limit.
#include <gtest/gtest.h>

#include "engine/tokenizer/words/pretokenizer.h"
#include "tests/engine/tokenizer/tiny.h"

namespace motley::testing {
namespace {

constexpr size_t kMebibyte = size_t{1} << 20;

const char* const kPretokenizers[] = {"default",   "falcon",       "gpt-2",          "mpt",
                                      "smollm",    "starcoder",    "refact",         "command-r",
                                      "llama-bpe", "qwen2",        "qwen35",         "gpt-4o",
                                      "tekken",    "deepseek-llm", "deepseek-coder", "deepseek-v3"};

size_t CountWords(const std::string& pre, const std::vector<char32_t>& text) {
  auto pretokenizer = Pretokenizer::Named(pre);
  EXPECT_TRUE(pretokenizer.ok());
  std::vector<uint32_t> ends;
  pretokenizer->Split(text, &ends);
  EXPECT_EQ(ends.back(), text.size());
  return ends.size();
}

class LongText : public ::testing::TestWithParam<const char*> {};

TEST_P(LongText, OfOneCharacterIsSplitInOnePass) {
  for (char32_t c : {U'a', U'A', U'1', U' ', U'\n', U'\t', U'.', U'\'', U'$', U'\u00C9', U'\u0301',
                     U'\u4E2D', U'\u3000'}) {
    std::vector<char32_t> text(256 * 1024, c);
    const size_t alone = CountWords(GetParam(), text);
    text.push_back(U'x');
    EXPECT_GE(CountWords(GetParam(), text) + 1, alone) << "code point " << static_cast<uint32_t>(c);
  }
}

TEST_P(LongText, OfLettersIsOneWordAndSpacesBeforeAWordAreTwo) {
  std::vector<char32_t> text(kMebibyte, U'a');
  EXPECT_EQ(CountWords(GetParam(), text), 1u);
  text.assign(kMebibyte, U' ');
  EXPECT_EQ(CountWords(GetParam(), text), 1u);
  text.push_back(U'x');
  EXPECT_EQ(CountWords(GetParam(), text), 2u);
}

INSTANTIATE_TEST_SUITE_P(EveryPretokenizer, LongText, ::testing::ValuesIn(kPretokenizers),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(LongWord, Of8MiBIsMergedByBpe) {
  for (const char* pre : {"llama-bpe", "smollm"}) {
    Manifest manifest = TinyBpe({"a a", "aa aa", "aaaa aaaa"});
    manifest.metadata["tokenizer.ggml.pre"] = std::string(pre);
    const std::vector<int32_t> tokens = Plain(*MustLoad(manifest), std::string(8 * kMebibyte, 'a'));
    EXPECT_EQ(tokens, std::vector<int32_t>(kMebibyte, 258)) << pre;
  }
}

TEST(LongWord, OfTwoLettersInTurnIsMergedByBpe) {
  std::string text;
  for (size_t i = 0; i < kMebibyte / 2; ++i) text += "ab";
  const auto tokenizer = MustLoad(TinyBpe({"b a", "ba ba", "a b"}));
  const std::vector<int32_t> tokens = Plain(*tokenizer, text);
  EXPECT_EQ(tokens.front(), 'a');
  EXPECT_EQ(tokens.back(), 'b');
  EXPECT_EQ(tokenizer->Decode(tokens, Specials::kText), text);
}

TEST(LongWord, Of8MiBIsMergedBySpm) {
  Manifest manifest = TinySpm({{"a"}, {"aa", kNormal, -1}, {"aaaa", kNormal, -2}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  const std::vector<int32_t> tokens = Plain(*MustLoad(manifest), std::string(8 * kMebibyte, 'a'));
  EXPECT_EQ(tokens, std::vector<int32_t>(2 * kMebibyte, kFirstTinySpm + 2));
}

TEST(LongRun, OfUserDefinedSpacesIsFoundLongestFirst) {
  std::vector<TinyToken> runs;
  for (size_t length = 2; length <= 31; ++length)
    runs.push_back({std::string(length, ' '), kUserDefined});
  const auto tokenizer = MustLoad(TinyBpe({}, runs));
  const std::vector<int32_t> tokens = Plain(*tokenizer, std::string(31 * 32768 + 5, ' '));
  ASSERT_EQ(tokens.size(), 32769u);
  EXPECT_EQ(tokens.front(), 256 + 29);
  EXPECT_EQ(tokens.back(), 256 + 3);
}

TEST(LongText, OfManySpecialTokensIsFoundAtOnce) {
  std::vector<TinyToken> many;
  std::string text;
  for (int i = 0; i < 6000; ++i) {
    many.push_back({"<unused" + std::to_string(i) + ">", kControl});
    text += many.back().text;
  }
  text += std::string(kMebibyte, '<');
  const auto tokenizer = MustLoad(TinyBpe({}, many));
  EXPECT_EQ(tokenizer->Encode(text, Specials::kParse, Bos::kNone).size(), 6000 + kMebibyte);
}

}  // namespace
}  // namespace motley::testing
