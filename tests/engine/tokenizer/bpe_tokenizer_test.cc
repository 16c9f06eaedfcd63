#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/tokenizer/tiny.h"

namespace motley::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int32_t kFirstMerge = 256;

TEST(Bpe, MergesInTheOrderOfTheFileNotOfTheText) {
  // ranks: b+c 0, a+b 1; "abc" begins with the pair of rank 1, yet b+c comes first.
  const auto tokenizer = MustLoad(TinyBpe({"b c", "a b"}));
  EXPECT_THAT(Plain(*tokenizer, "abc"), ElementsAre('a', kFirstMerge));
  EXPECT_THAT(Plain(*tokenizer, "ab"), ElementsAre(kFirstMerge + 1));
}

TEST(Bpe, MergesTheLeftmostOfEquals) {
  const auto tokenizer = MustLoad(TinyBpe({"a a"}));
  EXPECT_THAT(Plain(*tokenizer, "aaaaa"), ElementsAre(kFirstMerge, kFirstMerge, 'a'));
}

TEST(Bpe, MergesNothingAcrossWords) {
  const auto tokenizer = MustLoad(TinyBpe({"a b", "b a"}));
  EXPECT_THAT(Plain(*tokenizer, "a b"), ElementsAre('a', ' ', 'b'));
}

TEST(Bpe, ReadsSpacesAndBytesInTheByteAlphabet) {
  const auto tokenizer = MustLoad(TinyBpe({"Ġ a", Letters("\xC3") + " " + Letters("\xA9")}));
  EXPECT_THAT(Plain(*tokenizer, "b a\xC3\xA9"), ElementsAre('b', kFirstMerge, kFirstMerge + 1));
  EXPECT_EQ(tokenizer->Piece(kFirstMerge, Specials::kText), " a");
  EXPECT_EQ(tokenizer->Piece(kFirstMerge + 1, Specials::kText), "\xC3\xA9");
}

TEST(Bpe, WritesBytesThatAreNotUtf8AsReplacementCharacters) {
  const auto tokenizer = MustLoad(TinyBpe({}));
  EXPECT_EQ(Plain(*tokenizer, "a\xFF"), Plain(*tokenizer, "a\xEF\xBF\xBD"));
  EXPECT_EQ(Plain(*tokenizer, "\xE2\x82"), Plain(*tokenizer, "\xEF\xBF\xBD\xEF\xBF\xBD"));
}

TEST(Bpe, SpecialTokensInATextStayText) {
  const auto tokenizer = MustLoad(TinyBpe({}, {{"<|im_end|>", kControl}}));
  EXPECT_EQ(Plain(*tokenizer, "<|im_end|>").size(), 10u);
  EXPECT_THAT(tokenizer->Encode("a<|im_end|>b", Specials::kParse, Bos::kNone),
              ElementsAre('a', 256, 'b'));
}

TEST(Bpe, NeverMergesATextIntoAControlToken) {
  Manifest manifest = TinyBpe({"a b"});
  manifest.metadata["tokenizer.ggml.token_type"] = [] {
    std::vector<int64_t> kinds(257, kNormal);
    kinds[256] = kControl;
    return kinds;
  }();
  for (const char* pre : {"gpt-2", "llama-bpe"}) {
    manifest.metadata["tokenizer.ggml.pre"] = std::string(pre);
    EXPECT_THAT(Plain(*MustLoad(manifest), "ab"), ElementsAre('a', 'b')) << pre;
  }
}

TEST(Bpe, MergesAWordThatOnlyItsTextMakesAnEnd) {
  // "</s>" is an ordinary token of this file; the model has learnt it as strike-through in HTML.
  const auto tokenizer = MustLoad(TinyBpe({"< /", "s >", "</ s>"}));
  EXPECT_THAT(Plain(*tokenizer, "</"), ElementsAre(kFirstMerge));
  EXPECT_TRUE(tokenizer->IsSpecial(kFirstMerge + 2));
  EXPECT_THAT(tokenizer->end_tokens(), ElementsAre(kFirstMerge + 2));
}

TEST(Bpe, MatchesUserDefinedTokensInAnyText) {
  const auto tokenizer = MustLoad(TinyBpe({}, {{"  ", kUserDefined}, {"<think>", kUserDefined}}));
  EXPECT_THAT(Plain(*tokenizer, "a  b<think>"), ElementsAre('a', 256, 'b', 257));
  EXPECT_EQ(tokenizer->Piece(257, Specials::kText), "<think>");
  EXPECT_FALSE(tokenizer->IsSpecial(257));
}

TEST(Bpe, TakesKnownWordsWholeWhereTheModelIgnoresMerges) {
  Manifest manifest = TinyBpe({}, {{"abc"}});
  EXPECT_THAT(Plain(*MustLoad(manifest), "abc"), ElementsAre('a', 'b', 'c'));
  manifest.metadata["tokenizer.ggml.pre"] = std::string("llama-bpe");
  EXPECT_THAT(Plain(*MustLoad(manifest), "abc"), ElementsAre(256));
}

TEST(Bpe, AddsBeginningAndEndAsTheModelSays) {
  Manifest manifest = TinyBpe({}, {{"<b>", kControl}, {"<e>", kControl}});
  manifest.metadata["tokenizer.ggml.bos_token_id"] = uint64_t{256};
  manifest.metadata["tokenizer.ggml.eos_token_id"] = uint64_t{257};
  EXPECT_THAT(MustLoad(manifest)->Encode("a", Specials::kText, Bos::kAsModel), ElementsAre('a'));
  manifest.metadata["tokenizer.ggml.add_bos_token"] = true;
  manifest.metadata["tokenizer.ggml.add_eos_token"] = true;
  const auto tokenizer = MustLoad(manifest);
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_THAT(tokenizer->Encode("a", Specials::kText, Bos::kAsModel), ElementsAre(256, 'a', 257));
  EXPECT_THAT(tokenizer->Encode("a", Specials::kText, Bos::kNone), ElementsAre('a'));
  EXPECT_THAT(tokenizer->Encode("", Specials::kText, Bos::kAsModel), ElementsAre(256, 257));
}

TEST(Bpe, HasNoBeginningWhereTheFileNamesNone) {
  const auto tokenizer = MustLoad(TinyBpe({}));
  EXPECT_EQ(tokenizer->bos(), -1);
  EXPECT_EQ(tokenizer->eos(), -1);
  EXPECT_THAT(tokenizer->end_tokens(), IsEmpty());
}

TEST(Bpe, ShowsSpecialTokensOnlyWhenAsked) {
  const auto tokenizer = MustLoad(TinyBpe({}, {{"<|im_end|>", kControl}}));
  EXPECT_EQ(tokenizer->Decode({'a', 256, 'b'}, Specials::kText), "ab");
  EXPECT_EQ(tokenizer->Decode({'a', 256, 'b'}, Specials::kParse), "a<|im_end|>b");
}

TEST(Bpe, SaysNothingForIdsThatDoNotExist) {
  const auto tokenizer = MustLoad(TinyBpe({}));
  for (int32_t id : {-1, tokenizer->size(), 1 << 30}) {
    EXPECT_EQ(tokenizer->Piece(id, Specials::kParse), "");
    EXPECT_EQ(tokenizer->Decode({id}, Specials::kParse), "");
    EXPECT_FALSE(tokenizer->IsSpecial(id));
  }
}

TEST(Bpe, GivesBackEveryByteOfValidText) {
  const auto tokenizer = MustLoad(TinyBpe({"Ġ t", "h e", "Ġt he"}));
  const std::string text = "the the\tthe\r\n\n  \xE4\xB8\xAD\xF0\x9F\x98\x80 123 don't";
  EXPECT_EQ(tokenizer->Decode(Plain(*tokenizer, text), Specials::kText), text);
}

TEST(Bpe, WritesMergedBytesWithoutATokenSingly) {
  // The file merges x+y but has no token for it.
  Manifest manifest = TinyBpe({});
  manifest.metadata["tokenizer.ggml.merges"] = std::vector<std::string>{"x y"};
  EXPECT_THAT(Plain(*MustLoad(manifest), "xy"), ElementsAre('x', 'y'));
}

TEST(Bpe, RefusesAnUnknownPretokenizerByName) {
  Manifest manifest = TinyBpe({});
  manifest.metadata["tokenizer.ggml.pre"] = std::string("martian");
  const auto tokenizer = Tokenizer::Load(manifest);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_EQ(tokenizer.error().code, Code::kUnsupported);
  EXPECT_EQ(tokenizer.error().field, "tokenizer.ggml.pre");
  EXPECT_THAT(tokenizer.error().message, HasSubstr("martian"));
  EXPECT_THAT(tokenizer.error().message, HasSubstr("llama-bpe"));
}

TEST(Bpe, RefusesAFileWithoutMerges) {
  Manifest manifest = TinyBpe({});
  manifest.metadata.erase("tokenizer.ggml.merges");
  const auto tokenizer = Tokenizer::Load(manifest);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_EQ(tokenizer.error().code, Code::kInvalidArgument);
  EXPECT_EQ(tokenizer.error().field, "tokenizer.ggml.merges");
}

TEST(Bpe, IgnoresMergesThatCannotBeRead) {
  Manifest manifest = TinyBpe({"a b"});
  auto& merges = std::get<std::vector<std::string>>(manifest.metadata["tokenizer.ggml.merges"]);
  merges.insert(merges.end(), {"", "x", " ", "y ", "\xE4\xB8\xAD \xE6\x96\x87"});
  EXPECT_THAT(Plain(*MustLoad(manifest), "ab"), ElementsAre(256));
}

}  // namespace
}  // namespace motley::testing
