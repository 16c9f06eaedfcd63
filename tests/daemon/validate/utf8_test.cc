#include "daemon/validate/utf8.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

constexpr size_t kNone = std::string_view::npos;

TEST(InvalidUtf8At, AcceptsEveryLengthOfCharacter) {
  EXPECT_EQ(InvalidUtf8At(""), kNone);
  EXPECT_EQ(InvalidUtf8At("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), kNone);
  EXPECT_EQ(InvalidUtf8At("\xf4\x8f\xbf\xbf"), kNone);
}

TEST(InvalidUtf8At, FindsOverlongSurrogateHighAndBrokenForms) {
  for (const char* bad : {"\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
                          "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xc3",
                          "\xe2\x82", "\xf0\x9f\x98", "\xfe", "\xc3(", "\xe2(\xa1"}) {
    EXPECT_EQ(InvalidUtf8At(std::string("ab") + bad), 2u) << bad;
  }
}

TEST(LossyUtf8, ReplacesOnlyTheBadBytes) {
  EXPECT_EQ(LossyUtf8("a\xff\xc3\xa9\xe2\x82z"), "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbdz");
  EXPECT_EQ(InvalidUtf8At(LossyUtf8("\xf0\x9f\x98\xc0\x80")), kNone);
}

TEST(CountCharacters, AddsUpOverACutCharacter) {
  EXPECT_EQ(CountCharacters("a\xc3\xa9"), 2u);
  EXPECT_EQ(CountCharacters("\xf0\x9f") + CountCharacters("\x98\x80"), 1u);
}

TEST(Shorten, CutsBetweenCharacters) {
  EXPECT_EQ(Shorten("abc", 3), "abc");
  EXPECT_EQ(Shorten("ab\xc3\xa9", 3), "ab...");
}

}  // namespace
}  // namespace motley
