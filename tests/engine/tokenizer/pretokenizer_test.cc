#include "engine/tokenizer/words/pretokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tokenizer/words/unicode.h"

namespace motley {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Words(const std::string& pre, std::string_view text) {
  auto pretokenizer = Pretokenizer::Named(pre);
  EXPECT_TRUE(pretokenizer.ok());
  std::vector<char32_t> characters;
  DecodeLeniently(text, &characters);
  std::vector<uint32_t> ends;
  pretokenizer->Split(characters, &ends);
  std::vector<std::string> words;
  uint32_t at = 0;
  for (uint32_t end : ends) {
    words.emplace_back();
    for (; at < end; ++at) AppendUtf8(characters[at], &words.back());
  }
  return words;
}

TEST(Pretokenizer, KeepsAllOfTheText) {
  const std::string text =
      "I'm 12345 \xC3\xA9t\xC3\xA9s,\r\n\t  \xE4\xB8\xAD\xE6\x96\x87 '' #1-- \xF0\x9F\x98\x80 "
      "\x01 ";
  for (const char* pre : {"default", "falcon", "gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35",
                          "gpt-4o", "tekken", "deepseek-llm", "deepseek-coder", "deepseek-v3"}) {
    std::string joined;
    for (const std::string& word : Words(pre, text)) {
      EXPECT_NE(word, "") << pre;
      joined += word;
    }
    EXPECT_EQ(joined, text) << pre;
    EXPECT_TRUE(Words(pre, "").empty()) << pre;
  }
}

TEST(Pretokenizer, Gpt2TakesOneSpaceIntoTheWordAndTheRestApart) {
  EXPECT_THAT(Words("gpt-2", "a   bc 12 !?"), ElementsAre("a", "  ", " bc", " 12", " !?"));
  EXPECT_THAT(Words("gpt-2", "a \n\nb"), ElementsAre("a", " \n", "\n", "b"));
  EXPECT_THAT(Words("gpt-2", "a  "), ElementsAre("a", "  "));
}

TEST(Pretokenizer, Gpt2KnowsContractionsInLowerCaseOnly) {
  EXPECT_THAT(Words("gpt-2", "we'll I'D"), ElementsAre("we", "'ll", " I", "'", "D"));
  EXPECT_THAT(Words("llama-bpe", "we'll I'D"), ElementsAre("we", "'ll", " I", "'D"));
}

TEST(Pretokenizer, SmollmCutsEveryDigit) {
  EXPECT_THAT(Words("smollm", "x 123\xD9\xA3"), ElementsAre("x", " ", "1", "2", "3", "\xD9\xA3"));
}

TEST(Pretokenizer, Llama3CutsNumbersInThreesAndQwen2InOnes) {
  EXPECT_THAT(Words("llama-bpe", "12345"), ElementsAre("123", "45"));
  EXPECT_THAT(Words("qwen2", "123"), ElementsAre("1", "2", "3"));
}

TEST(Pretokenizer, Llama3TakesOneCharacterBeforeLettersAndLinesAfterPunctuation) {
  EXPECT_THAT(Words("llama-bpe", "(abc)\n\nd\te"), ElementsAre("(abc", ")\n\n", "d", "\te"));
  EXPECT_THAT(Words("llama-bpe", "a  \n \n  b"), ElementsAre("a", "  \n \n", " ", " b"));
}

TEST(Pretokenizer, Qwen35KeepsMarksWithTheirLetters) {
  const std::string text =
      "a\xCC\x81"
      "b";
  EXPECT_THAT(Words("qwen35", text), ElementsAre(text));
  EXPECT_THAT(Words("qwen2", text), ElementsAre("a",
                                                "\xCC\x81"
                                                "b"));
}

TEST(Pretokenizer, FalconCutsPunctuationAndDigitTriples) {
  EXPECT_THAT(Words("falcon", "a,`b 12345"), ElementsAre("a", ",`", "b", " ", "123", "45"));
  EXPECT_THAT(Words("falcon", "12345"), ElementsAre("123", "45"));
  EXPECT_THAT(Words("default", "a`b"), ElementsAre("a", "`", "b"));
}

TEST(Pretokenizer, DeepSeekLlmCutsLinesOneByOneAndScriptsApart) {
  EXPECT_THAT(Words("deepseek-llm",
                    "a\n\n b\xE4\xB8\xAD"
                    "12  "),
              ElementsAre("a", "\n", "\n", " b", "\xE4\xB8\xAD", "12", "  "));
  EXPECT_THAT(Words("deepseek-coder", "ab 12"), ElementsAre("ab", " ", "1", "2"));
}

TEST(Pretokenizer, DeepSeek3KeepsASymbolBeforeAsciiLetters) {
  EXPECT_THAT(Words("deepseek-v3", "$abc 1234 ..\n"),
              ElementsAre("$abc", " ", "123", "4", " ..\n"));
}

TEST(Pretokenizer, Gpt4oCutsBeforeACapitalWithinAWord) {
  EXPECT_THAT(Words("gpt-4o", "camelCase HTTPServer'S"),
              ElementsAre("camel", "Case", " HTTPServer'S"));
  EXPECT_THAT(Words("tekken", "don't 12 a/b"), ElementsAre("don", "'t", " ", "1", "2", " a", "/b"));
  EXPECT_THAT(Words("tekken",
                    "\xC3\x89"
                    "AB"),
              ElementsAre("\xC3\x89", "AB"))
      << "a letter of both cases is given back to the lower part";
}

TEST(Pretokenizer, CountsUnicodeSpacesAsSpaces) {
  EXPECT_THAT(Words("gpt-2",
                    "a\xE3\x80\x80\xE3\x80\x80"
                    "b"),
              ElementsAre("a", "\xE3\x80\x80", "\xE3\x80\x80", "b"));
}

TEST(Pretokenizer, KnowsTheScriptsOfUnicode15_1) {
  EXPECT_THAT(Words("gpt-2", "a\xF0\xAE\xAF\xB0"), ElementsAre("a\xF0\xAE\xAF\xB0"))
      << "CJK extension I is letters";
  EXPECT_THAT(Words("gpt-2", "a\xE2\xBF\xBC"), ElementsAre("a", "\xE2\xBF\xBC"));
}

}  // namespace
}  // namespace motley
