#include "daemon/validate/body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace motley {
namespace {

using ::testing::HasSubstr;

std::string Repeat(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(ParseBody, ReadsAnObject) {
  EXPECT_EQ(ParseBodyObject(R"({"a":[1,"é"]})")->dump(), R"({"a":[1,"é"]})");
}

TEST(ParseBody, SaysWhereBrokenJsonIsBroken) {
  const auto error = ParseBody("{\"a\":1,\n \"b\":}").error();
  EXPECT_THAT(error.message, HasSubstr("byte 13 (line 2, column 6)"));
  EXPECT_EQ(error.offset, 13u);
  EXPECT_EQ(error.code, Code::kInvalidArgument);
}

TEST(ParseBody, RefusesBytesThatAreNoUtf8) {
  EXPECT_THAT(ParseBody("{\"a\":\"\xff\"}").error().message,
              HasSubstr("UTF-8: bad byte at byte 6"));
  EXPECT_FALSE(ParseBody("\"\xed\xa0\x80\"").ok());
  EXPECT_FALSE(ParseBody("\"\\ud800\"").ok());
}

TEST(ParseBody, StopsAt64Levels) {
  EXPECT_TRUE(ParseBody(Repeat("[", 64) + Repeat("]", 64)).ok());
  EXPECT_THAT(ParseBody(Repeat("[", 65) + Repeat("]", 65)).error().message,
              HasSubstr("more than 64 deep"));
  EXPECT_FALSE(ParseBody(Repeat("[", 4 << 20)).ok());
  EXPECT_FALSE(ParseBody(Repeat("{\"a\":", 1 << 20)).ok());
  EXPECT_TRUE(ParseBody("\"" + Repeat("[", 100) + "\\\"" + Repeat("{", 100) + "\"").ok())
      << "brackets in a string";
}

TEST(ParseBody, HasNoNumbersThatAreNone) {
  for (const char* text : {"NaN", "Infinity", "-Infinity", "1e999", "[-1e999]"})
    EXPECT_FALSE(ParseBody(text).ok()) << text;
}

TEST(ParseBody, SurvivesEveryPrefixAndEveryFlippedByteOfARequest) {
  const std::string good =
      R"({"messages":[{"role":"user","content":"h\u00e9\n"}],"n":-1.5e3,"x":[true,null]})";
  ASSERT_TRUE(ParseBody(good).ok());
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(ParseBodyObject(good.substr(0, i)).ok()) << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = good;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto result = ParseBody(flipped);
      if (!result.ok()) {
        EXPECT_FALSE(result.error().message.empty());
      }
    }
  }
}

TEST(ParseBodyObject, RefusesOtherValues) {
  for (const char* text : {"", "1", "[]", "null", "\"x\""})
    EXPECT_FALSE(ParseBodyObject(text).ok()) << text;
}

}  // namespace
}  // namespace motley
