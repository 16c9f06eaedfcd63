// The demo models against recorded ids of llama.cpp: tests/golden. The models are found in
// $MOTLEY_MODELS.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/engine/tokenizer/tiny.h"

namespace motley::testing {
namespace {

struct Model {
  const char* name;
  const char* file;
  const char* texts;    // {"text","tokens"}, nothing special in them
  const char* prompts;  // {"text","tokens" as the model begins, "tokens_plain"}
};
constexpr Model kModels[] = {
    {"smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "tokenizer-smollm2.jsonl",
     "smollm2-135m-q4_1.jsonl"},
    {"gemma3", "gemma-3-270m-q4_k_m.gguf", "tokenizer-gemma3.jsonl", "gemma-3-270m-q4_k_m.jsonl"},
};

class Golden : public ::testing::TestWithParam<Model> {
 protected:
  void SetUp() override {
    const char* models = std::getenv("MOTLEY_MODELS");
    if (models == nullptr) GTEST_SKIP() << "MOTLEY_MODELS is not set: no demo models";
    auto manifest = ParseGguf(std::string(models) + "/" + GetParam().file);
    if (!manifest.ok() && manifest.error().code == Code::kNotFound)
      GTEST_SKIP() << manifest.error().message;
    ASSERT_TRUE(manifest.ok()) << manifest.error().message;
    manifest_ = manifest.ReleaseValue();
    tokenizer_ = MustLoad(manifest_);
  }

  static std::vector<nlohmann::json> Lines(const char* file) {
    std::ifstream in(std::string(MOTLEY_GOLDEN) + "/" + file);
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(in, line);) {
      lines.push_back(nlohmann::json::parse(line));
      if (!lines.back().contains("text")) lines.pop_back();
    }
    EXPECT_GT(lines.size(), 20u) << file;
    return lines;
  }

  Manifest manifest_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_P(Golden, TextsGiveTheRecordedTokens) {
  for (const auto& line : Lines(GetParam().texts)) {
    const std::string text = line["text"];
    EXPECT_EQ(Plain(*tokenizer_, text), line["tokens"].get<std::vector<int32_t>>()) << line["text"];
  }
}

TEST_P(Golden, PromptsGiveTheRecordedTokensWithAndWithoutSpecials) {
  for (const auto& line : Lines(GetParam().prompts)) {
    const std::string text = line["text"];
    EXPECT_EQ(tokenizer_->Encode(text, Specials::kParse, Bos::kAsModel),
              line["tokens"].get<std::vector<int32_t>>())
        << line["text"];
    EXPECT_EQ(Plain(*tokenizer_, text), line["tokens_plain"].get<std::vector<int32_t>>())
        << line["text"];
  }
}

TEST_P(Golden, TextsComeBackFromTheirTokens) {
  for (const auto& line : Lines(GetParam().texts)) {
    const std::string text = line["text"];
    if (text.find("\xE2\x96\x81") != std::string::npos)
      continue;  // SPM's own space comes back as one
    EXPECT_EQ(tokenizer_->Decode(Plain(*tokenizer_, text), Specials::kText), text);
  }
}

TEST_P(Golden, NoTextOfAControlTokenMakesOne) {
  const auto& texts = *manifest_.Strings("tokenizer.ggml.tokens");
  const auto& kinds = *manifest_.Integers("tokenizer.ggml.token_type");
  for (size_t i = 0; i < texts.size(); ++i) {
    if (kinds[i] != kControl && kinds[i] != kUnknown) continue;
    for (int32_t token : Plain(*tokenizer_, "a " + texts[i] + " b"))
      EXPECT_FALSE(tokenizer_->IsSpecial(token)) << texts[i];
    const auto parsed = tokenizer_->Encode(texts[i], Specials::kParse, Bos::kNone);
    EXPECT_EQ(parsed, std::vector<int32_t>{static_cast<int32_t>(i)}) << texts[i];
  }
}

TEST_P(Golden, PiecesJoinToTheDecodedText) {
  for (const auto& line : Lines(GetParam().prompts)) {
    const auto tokens = line["tokens_plain"].get<std::vector<int32_t>>();
    Utf8Stream stream;
    std::string text;
    for (int32_t token : tokens) text += stream.Push(tokenizer_->Piece(token, Specials::kText));
    EXPECT_EQ(text + stream.Finish(), tokenizer_->Decode(tokens, Specials::kText));
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, ::testing::ValuesIn(kModels),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace motley::testing
