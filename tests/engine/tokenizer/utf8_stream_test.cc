#include <gtest/gtest.h>

#include "engine/tokenizer/tokenizer.h"

namespace motley {
namespace {

const std::string kBad = "\xEF\xBF\xBD";

std::string Whole(std::string_view bytes) {
  Utf8Stream stream;
  std::string text = stream.Push(bytes);
  return text + stream.Finish();
}

std::string ByteByByte(std::string_view bytes) {
  Utf8Stream stream;
  std::string text;
  for (char byte : bytes) text += stream.Push({&byte, 1});
  return text + stream.Finish();
}

TEST(Utf8Stream, HoldsBackACharacterUntilItIsComplete) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("a\xF0\x9F"), "a");
  EXPECT_EQ(stream.Push("\x98"), "");
  EXPECT_EQ(stream.Push("\x80z"), "\xF0\x9F\x98\x80z");
  EXPECT_EQ(stream.Finish(), "");
}

TEST(Utf8Stream, GivesAReplacementForBytesThatCanNeverBecomeACharacter) {
  EXPECT_EQ(Whole("a\xFF"
                  "b"),
            "a" + kBad + "b");
  EXPECT_EQ(Whole("\x80"), kBad);
  EXPECT_EQ(Whole("\xC0\xAF"), kBad + kBad) << "overlong";
  EXPECT_EQ(Whole("\xE0\x80\x80"), kBad + kBad + kBad) << "overlong";
  EXPECT_EQ(Whole("\xED\xA0\x80"), kBad + kBad + kBad) << "a surrogate";
  EXPECT_EQ(Whole("\xF4\x90\x80\x80"), kBad + kBad + kBad + kBad) << "past the last code point";
  EXPECT_EQ(Whole("\xE2\x82"
                  "a"),
            kBad + "a")
      << "one for what was a good beginning";
}

TEST(Utf8Stream, TellsOfABrokenCharacterAtOnce) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("\xE2"), "");
  EXPECT_EQ(stream.Push("x"), kBad + "x");
}

TEST(Utf8Stream, ClosesAnIncompleteCharacterAtTheEnd) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("\xE2\x82"), "");
  EXPECT_EQ(stream.Finish(), kBad);
  EXPECT_EQ(stream.Push("a"), "a") << "and begins anew";
}

TEST(Utf8Stream, GivesTheSameTextHoweverTheBytesArrive) {
  uint32_t seed = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (int i = 0; i < 12; ++i) {
      seed = seed * 1664525 + 1013904223;
      constexpr char kInteresting[] =
          "\x41\x80\x9F\xA0\xBF\xC2\xE0\xE2\xED\xF0\xF4\xFF\x8F\x90\xC0\x7F";
      bytes += kInteresting[seed >> 28];
    }
    const std::string text = Whole(bytes);
    EXPECT_EQ(ByteByByte(bytes), text);
    EXPECT_EQ(Whole(text), text) << "what comes out is valid";
  }
}

}  // namespace
}  // namespace motley
