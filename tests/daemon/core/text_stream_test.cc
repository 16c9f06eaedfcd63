#include "daemon/core/text_stream.h"

#include <gtest/gtest.h>

#include "tests/fakes/toy_tokenizer.h"

namespace motley {
namespace {

std::string PushAll(TextStream& stream, std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += stream.Push(static_cast<unsigned char>(c));
  return out;
}

TEST(TextStream, EndsBeforeAStopStringThatSeveralTokensMake) {
  const ToyTokenizer tokenizer;
  TextStream stream(tokenizer, {"STOP"});
  EXPECT_EQ(PushAll(stream, "one two STOP three"), "one two ");
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.Finish(), "");
}

TEST(TextStream, HoldsBackWhatCouldBecomeAStopStringAndGivesItBack) {
  const ToyTokenizer tokenizer;
  TextStream stream(tokenizer, {"abc"});
  EXPECT_EQ(PushAll(stream, "xab"), "x");
  EXPECT_EQ(PushAll(stream, "d"), "abd");
  EXPECT_EQ(PushAll(stream, "ab"), "");
  EXPECT_EQ(stream.Finish(), "ab");
  EXPECT_FALSE(stream.stopped());
}

TEST(TextStream, TakesTheStopStringThatComesFirst) {
  const ToyTokenizer tokenizer;
  TextStream stream(tokenizer, {"yz", "xy"});
  EXPECT_EQ(PushAll(stream, "wxyz"), "w");
  EXPECT_TRUE(stream.stopped());
}

TEST(TextStream, ShowsOnlyWholeCharacters) {
  const ToyTokenizer tokenizer;
  TextStream stream(tokenizer, {});
  EXPECT_EQ(PushAll(stream, "\xe2\x82"), "");
  EXPECT_EQ(PushAll(stream, "\xac"), "\xe2\x82\xac");
  EXPECT_EQ(PushAll(stream, "\xe2"), "");
  EXPECT_EQ(stream.Finish(), "\xef\xbf\xbd");
}

TEST(TextStream, ShowsNoSpecialTokens) {
  const ToyTokenizer tokenizer;
  TextStream stream(tokenizer, {});
  EXPECT_EQ(stream.Push(ToyTokenizer::kEnd), "");
  EXPECT_EQ(stream.Push('a'), "a");
}

}  // namespace
}  // namespace motley
