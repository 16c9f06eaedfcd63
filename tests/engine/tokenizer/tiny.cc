#include "tests/engine/tokenizer/tiny.h"

#include <gtest/gtest.h>

#include "engine/tokenizer/words/unicode.h"

namespace motley::testing {
namespace {

void SetTokens(const std::vector<TinyToken>& tokens, Manifest* manifest) {
  std::vector<std::string> texts;
  std::vector<int64_t> kinds;
  std::vector<double> scores;
  for (const TinyToken& token : tokens) {
    texts.push_back(token.text);
    kinds.push_back(token.kind);
    scores.push_back(token.score);
  }
  manifest->metadata["tokenizer.ggml.tokens"] = texts;
  manifest->metadata["tokenizer.ggml.token_type"] = kinds;
  manifest->metadata["tokenizer.ggml.scores"] = scores;
}

bool Printable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

}  // namespace

std::string Letter(uint8_t byte) {
  char32_t character = 0x100;
  for (int b = 0; b < byte; ++b) character += Printable(b) ? 0 : 1;
  std::string letter;
  AppendUtf8(Printable(byte) ? byte : character, &letter);
  return letter;
}

std::string Letters(const std::string& bytes) {
  std::string letters;
  for (char byte : bytes) letters += Letter(static_cast<uint8_t>(byte));
  return letters;
}

Manifest TinyBpe(const std::vector<std::string>& merges, const std::vector<TinyToken>& more) {
  std::vector<TinyToken> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back({Letter(static_cast<uint8_t>(byte))});
  for (const std::string& merge : merges) {
    const size_t space = merge.find(' ');
    tokens.push_back({merge.substr(0, space) + merge.substr(space + 1)});
  }
  tokens.insert(tokens.end(), more.begin(), more.end());
  Manifest manifest;
  manifest.metadata["tokenizer.ggml.model"] = std::string("gpt2");
  manifest.metadata["tokenizer.ggml.pre"] = std::string("gpt-2");
  manifest.metadata["tokenizer.ggml.merges"] = merges;
  SetTokens(tokens, &manifest);
  return manifest;
}

Manifest TinySpm(const std::vector<TinyToken>& tokens) {
  std::vector<TinyToken> all = {{"<unk>", kUnknown}, {"<s>", kControl}, {"</s>", kControl}};
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof(name), "<0x%02X>", static_cast<unsigned>(byte));
    all.push_back({name, kByte});
  }
  all.insert(all.end(), tokens.begin(), tokens.end());
  Manifest manifest;
  manifest.metadata["tokenizer.ggml.model"] = std::string("llama");
  SetTokens(all, &manifest);
  return manifest;
}

std::unique_ptr<Tokenizer> MustLoad(const Manifest& manifest) {
  auto tokenizer = Tokenizer::Load(manifest);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  return tokenizer.ReleaseValue();
}

std::vector<int32_t> Plain(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.Encode(text, Specials::kText, Bos::kNone);
}

}  // namespace motley::testing
