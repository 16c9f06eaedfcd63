#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/tokenizer/tiny.h"

namespace motley::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kMark = "\xE2\x96\x81";
constexpr int32_t kFirst = kFirstTinySpm;
constexpr int32_t ByteId(uint8_t byte) { return byte + 3; }

TEST(Spm, MergesTheBestScoreFirst) {
  Manifest manifest = TinySpm({{"a"}, {"b"}, {"c"}, {"ab", kNormal, -2}, {"bc", kNormal, -1}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  EXPECT_THAT(Plain(*MustLoad(manifest), "abc"), ElementsAre(kFirst, kFirst + 4));
}

TEST(Spm, MergesTheLeftmostOfEqualScores) {
  Manifest manifest = TinySpm({{"a"}, {"aa", kNormal, -1}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  EXPECT_THAT(Plain(*MustLoad(manifest), "aaaaa"), ElementsAre(kFirst + 1, kFirst + 1, kFirst));
}

TEST(Spm, PutsASpaceBeforeTheFirstWordAndTakesItAway) {
  const auto tokenizer = MustLoad(TinySpm({{kMark}, {"a"}, {kMark + "a", kNormal, -1}}));
  EXPECT_THAT(Plain(*tokenizer, "a a"), ElementsAre(kFirst + 2, kFirst + 2));
  EXPECT_EQ(tokenizer->Decode(Plain(*tokenizer, "a a"), Specials::kText), "a a");
  EXPECT_EQ(tokenizer->Decode(Plain(*tokenizer, " a"), Specials::kText), " a");
  EXPECT_EQ(tokenizer->Piece(kFirst + 2, Specials::kText), " a");
}

TEST(Spm, PutsASpaceAfterEverySpecialToken) {
  const auto tokenizer = MustLoad(TinySpm({{kMark}, {"a"}, {kMark + "a", kNormal, -1}}));
  EXPECT_THAT(tokenizer->Encode("a</s>a", Specials::kParse, Bos::kAsModel),
              ElementsAre(1, kFirst + 2, 2, kFirst + 2));
}

TEST(Spm, AddsNoSpaceWhereTheModelHasNone) {
  Manifest manifest = TinySpm({{kMark}, {"a"}, {kMark + "a", kNormal, -1}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  const auto tokenizer = MustLoad(manifest);
  EXPECT_THAT(Plain(*tokenizer, "a a"), ElementsAre(kFirst + 1, kFirst + 2));
  EXPECT_EQ(tokenizer->Decode({kFirst + 2}, Specials::kText), " a");
}

TEST(Spm, WritesUnknownCharactersAsBytes) {
  Manifest manifest = TinySpm({{"a"}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  const auto tokenizer = MustLoad(manifest);
  EXPECT_THAT(Plain(*tokenizer, "a\xC3\xA9"), ElementsAre(kFirst, ByteId(0xC3), ByteId(0xA9)));
  EXPECT_EQ(tokenizer->Decode({ByteId(0xC3), ByteId(0xA9)}, Specials::kText), "\xC3\xA9");
}

TEST(Spm, KeepsBytesThatAreNotUtf8) {
  const auto tokenizer = MustLoad(TinySpm({{kMark}, {"a"}}));
  for (const std::string text : {"\xFF\xFE", "a\xC3", "\xE2\x96", "a \xF0\x9F\x98", "\x80\x80"}) {
    EXPECT_EQ(tokenizer->Decode(Plain(*tokenizer, text), Specials::kText), text);
  }
}

TEST(Spm, WritesUnknownWhereTheFileHasNoBytes) {
  Manifest manifest = TinySpm({});
  manifest.metadata["tokenizer.ggml.tokens"] =
      std::vector<std::string>{"<unk>", "<s>", "</s>", "a"};
  manifest.metadata["tokenizer.ggml.token_type"] =
      std::vector<int64_t>{kUnknown, kControl, kControl, kNormal};
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  EXPECT_THAT(Plain(*MustLoad(manifest), "ab"), ElementsAre(3, 0));
}

TEST(Spm, AddsBeginningUnlessToldOtherwise) {
  Manifest manifest = TinySpm({{"a"}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  EXPECT_THAT(MustLoad(manifest)->Encode("a", Specials::kText, Bos::kAsModel),
              ElementsAre(1, kFirst));
  manifest.metadata["tokenizer.ggml.add_bos_token"] = false;
  EXPECT_THAT(MustLoad(manifest)->Encode("a", Specials::kText, Bos::kAsModel), ElementsAre(kFirst));
}

TEST(Spm, NeverMergesATextIntoAControlToken) {
  // "</" and "s>" are tokens, so that "</s>" is one merge away.
  Manifest manifest =
      TinySpm({{"<"}, {"/"}, {"s"}, {">"}, {"</", kNormal, -1}, {"s>", kNormal, -2}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  EXPECT_THAT(Plain(*MustLoad(manifest), "</s>"), ElementsAre(kFirst + 4, kFirst + 5));
}

TEST(Spm, DropsWhiteSpaceAfterSpecialTokensOfPhi3) {
  Manifest manifest = TinySpm({{kMark}, {"a"}, {"<|end|>", kControl}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  const std::string text = "<|end|> \n a";
  EXPECT_EQ(MustLoad(manifest)->Encode(text, Specials::kParse, Bos::kNone).size(), 5u);
  manifest.metadata["general.name"] = std::string("Phi3 mini");
  EXPECT_THAT(MustLoad(manifest)->Encode(text, Specials::kParse, Bos::kNone),
              ElementsAre(kFirst + 2, kFirst + 1));
}

TEST(Spm, TakesScoresGivenAsIntegers) {
  Manifest manifest = TinySpm({{"a"}, {"b"}, {"c"}, {"ab"}, {"bc"}});
  std::vector<int64_t> scores(kFirst + 5, 0);
  scores[kFirst + 3] = -2;
  scores[kFirst + 4] = -1;
  manifest.metadata["tokenizer.ggml.scores"] = scores;
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  EXPECT_THAT(Plain(*MustLoad(manifest), "abc"), ElementsAre(kFirst, kFirst + 4));
}

TEST(Spm, SurvivesScoresThatAreNoNumbers) {
  Manifest manifest = TinySpm({{"a"}, {"aa", kNormal, std::nan("")}, {"aaa", kNormal, 1e300}});
  manifest.metadata["tokenizer.ggml.add_space_prefix"] = false;
  EXPECT_EQ(MustLoad(manifest)->Decode(Plain(*MustLoad(manifest), "aaaaa"), Specials::kText),
            "aaaaa");
}

TEST(Tokenizer, RefusesAnUnknownModelByName) {
  Manifest manifest = TinySpm({});
  manifest.metadata["tokenizer.ggml.model"] = std::string("bert");
  const auto tokenizer = Tokenizer::Load(manifest);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_EQ(tokenizer.error().code, Code::kUnsupported);
  EXPECT_EQ(tokenizer.error().field, "tokenizer.ggml.model");
  EXPECT_THAT(tokenizer.error().message, HasSubstr("bert"));
  EXPECT_THAT(tokenizer.error().message, HasSubstr("gpt2, llama"));
}

}  // namespace
}  // namespace motley::testing
