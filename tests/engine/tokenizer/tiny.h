#pragma once
// Vocabularies small enough to follow by hand, as the manifests a GGUF reader would give.

#include <string>
#include <utility>
#include <vector>

#include "engine/gguf/manifest.h"
#include "engine/tokenizer/tokenizer.h"

namespace motley::testing {

// Kinds as GGUF numbers them.
enum Kind : int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kByte = 6 };

struct TinyToken {
  std::string text;
  Kind kind = kNormal;
  double score = 0;
};

// The character that GPT-2's byte alphabet has for a byte.
std::string Letter(uint8_t byte);
std::string Letters(const std::string& bytes);

// Ids 0 to 255 are the bytes; then one token for each merge ("a b"), then `more`. gpt-2 words, no
// bos.
Manifest TinyBpe(const std::vector<std::string>& merges, const std::vector<TinyToken>& more = {});

// Ids 0 to 2 are <unk>, <s>, </s>; then 256 byte tokens (so byte b is b + 3), then `tokens`.
Manifest TinySpm(const std::vector<TinyToken>& tokens);
inline constexpr int32_t kFirstTinySpm = 259;

// The tokenizer of a manifest that must be good.
std::unique_ptr<Tokenizer> MustLoad(const Manifest& manifest);

// Encode with the fewest words: nothing special, no beginning token.
std::vector<int32_t> Plain(const Tokenizer& tokenizer, std::string_view text);

}  // namespace motley::testing
