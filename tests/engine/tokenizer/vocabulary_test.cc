#include "engine/tokenizer/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/tokenizer/tiny.h"

namespace motley::testing {
namespace {

using ::testing::ElementsAre;

constexpr VocabularyDefaults kDefaults = {.bos = 1, .eos = 2, .unknown = 0, .add_bos = true};
constexpr int32_t kFirst = kFirstTinySpm;

Vocabulary MustLoadVocabulary(const Manifest& manifest) {
  auto vocabulary = LoadVocabulary(manifest, kDefaults);
  EXPECT_TRUE(vocabulary.ok());
  return vocabulary.ReleaseValue();
}

TEST(Vocabulary, TakesTheModelsIdsBeforeTheDefaults) {
  Manifest manifest = TinySpm({{"<end>", kControl}});
  EXPECT_EQ(MustLoadVocabulary(manifest).eos, 2);
  manifest.metadata["tokenizer.ggml.eos_token_id"] = uint64_t{kFirst};
  EXPECT_EQ(MustLoadVocabulary(manifest).eos, kFirst);
  manifest.metadata["tokenizer.ggml.eos_token_id"] = uint64_t{1} << 40;
  EXPECT_EQ(MustLoadVocabulary(manifest).eos, 2) << "an id that no token has";
}

TEST(Vocabulary, TakesNoOrdinaryWordForADefault) {
  const Manifest manifest = TinyBpe({});
  EXPECT_EQ(MustLoadVocabulary(manifest).eos, -1) << "id 2 is a byte here";
}

TEST(Vocabulary, FindsEndTokensByIdAndByText) {
  Manifest manifest =
      TinySpm({{"<|im_end|>", kControl}, {"<turn>", kControl}, {"<|eom_id|>", kNormal}, {"word"}});
  manifest.metadata["tokenizer.ggml.eot_token_id"] = uint64_t{kFirst + 1};
  EXPECT_THAT(MustLoadVocabulary(manifest).end_tokens,
              ElementsAre(2, kFirst, kFirst + 1, kFirst + 2));
}

TEST(Vocabulary, MakesEndTokensSpecialWhateverTheFileCallsThem) {
  const Vocabulary vocabulary =
      MustLoadVocabulary(TinySpm({{"<|eot_id|>", kNormal}, {"<fim_prefix>", kUserDefined}}));
  EXPECT_TRUE(vocabulary.IsSpecial(kFirst));
  EXPECT_TRUE(vocabulary.IsSpecial(kFirst + 1));
  EXPECT_THAT(vocabulary.end_tokens, ElementsAre(2, kFirst)) << "a prefix ends nothing";
}

TEST(Vocabulary, EndsNoReplyAtTheEndOfAMessageOfGptOss) {
  const Vocabulary vocabulary = MustLoadVocabulary(TinySpm({{"<|end|>", kControl},
                                                            {"<|return|>", kControl},
                                                            {"<|call|>", kControl},
                                                            {"<|channel|>", kControl}}));
  EXPECT_THAT(vocabulary.end_tokens, ElementsAre(2, kFirst + 1, kFirst + 2));
  EXPECT_FALSE(vocabulary.IsSpecial(kFirst));
  EXPECT_FALSE(vocabulary.IsSpecial(kFirst + 3));
}

TEST(Vocabulary, NamesEmptyTokens) {
  Manifest manifest = TinySpm({{""}});
  EXPECT_EQ(MustLoadVocabulary(manifest).texts.back(), "[EMPTY_259]");
}

TEST(Vocabulary, RefusesFewerScoresOrKindsThanTokens) {
  for (const char* key : {"tokenizer.ggml.scores", "tokenizer.ggml.token_type"}) {
    Manifest manifest = TinySpm({{"a"}});
    manifest.metadata[key] = std::vector<int64_t>{1, 2};
    const auto vocabulary = LoadVocabulary(manifest, kDefaults);
    ASSERT_FALSE(vocabulary.ok()) << key;
    EXPECT_EQ(vocabulary.error().field, key);
  }
}

TEST(Vocabulary, RefusesAFileWithoutTokens) {
  Manifest manifest = TinySpm({});
  manifest.metadata.erase("tokenizer.ggml.tokens");
  EXPECT_FALSE(LoadVocabulary(manifest, kDefaults).ok());
  manifest.metadata["tokenizer.ggml.tokens"] = std::vector<std::string>{};
  EXPECT_FALSE(LoadVocabulary(manifest, kDefaults).ok());
}

}  // namespace
}  // namespace motley::testing
