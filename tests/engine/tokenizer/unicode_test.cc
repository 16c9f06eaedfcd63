#include "engine/tokenizer/words/unicode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace motley {
namespace {

using ::testing::ElementsAre;

std::vector<char32_t> Decoded(std::string_view bytes) {
  std::vector<char32_t> code_points;
  DecodeLeniently(bytes, &code_points);
  return code_points;
}

TEST(Unicode, DecodesEveryLength) {
  EXPECT_THAT(Decoded("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
              ElementsAre(U'a', 0xE9, 0x20AC, 0x1F600));
}

TEST(Unicode, ReplacesEachByteThatBeginsNoSequence) {
  EXPECT_THAT(Decoded("\x80\xFF\xE2\x82"), ElementsAre(0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD));
  EXPECT_THAT(Decoded("\xE2\x82z"), ElementsAre(0xFFFD, 0xFFFD, U'z'));
  EXPECT_THAT(Decoded("\xF4\x90\x80\x80"), ElementsAre(0xFFFD, 0xFFFD, 0xFFFD, 0xFFFD))
      << "past U+10FFFF";
}

TEST(Unicode, TakesOverlongFormsAndSurrogatesAsTheyAre) {
  EXPECT_THAT(Decoded("\xC1\x81\xED\xA0\x80"), ElementsAre(U'A', 0xD800));
}

TEST(Unicode, EncodesWhatItDecodes) {
  for (char32_t c : {0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF}) {
    std::string bytes;
    AppendUtf8(c, &bytes);
    EXPECT_THAT(Decoded(bytes), ElementsAre(c));
  }
}

TEST(Unicode, KnowsTheClasses) {
  const uint8_t* classes = CharClasses();
  EXPECT_EQ(classes['a'], kLetter);
  EXPECT_EQ(classes[0x4E2D], kLetter);
  EXPECT_EQ(classes[0x2EBF0], kLetter) << "Unicode 15.1";
  EXPECT_EQ(classes[0x0663], kNumber);
  EXPECT_EQ(classes[0x0301], kMark);
  EXPECT_EQ(classes['_'], kPunctuation);
  EXPECT_EQ(classes['$'], kSymbol);
  EXPECT_EQ(classes[0x31EF], kSymbol) << "Unicode 15.1";
  for (char32_t space : {0x09, 0x0A, 0x20, 0x85, 0xA0, 0x2003, 0x3000})
    EXPECT_EQ(classes[space], kSpace);
  for (char32_t none : {0x1C, 0x200B, 0xE000, 0x10FFFF}) EXPECT_EQ(classes[none], 0);
}

}  // namespace
}  // namespace motley
