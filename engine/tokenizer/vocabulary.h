#pragma once
// The tokens of a GGUF and what each is for: texts, scores, kinds, the ids that begin, end and stop
// a text. Plain data, read by both tokenisers. The defaults, the texts known to end a reply and the
// kinds they force are those of llama.cpp (ggml-org/llama.cpp, src/llama-vocab.cpp), so that the
// same file gives the same ids here and there.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/gguf/manifest.h"

namespace motley {

// Bits of Vocabulary::kinds. A token has one of the first six, plus what its text or the model's
// name adds.
enum TokenKind : uint8_t {
  kNormalToken = 1,
  kUnknownToken = 2,
  kControlToken = 4,
  kUserDefinedToken = 8,
  kByteToken = 16,  // "<0x0A>" stands for one byte
  kStripLeft = 32,  // eats the white space before it in the text
  kStripRight = 64,
  kControlByText =
      128,  // a word in the file, made a control token because of what it says ("</s>")
};

struct Vocabulary {
  std::vector<std::string> texts;  // as the file has them; an empty one is called "[EMPTY_7]"
  std::vector<float> scores;
  std::vector<uint8_t> kinds;  // TokenKind bits
  int32_t bos = -1;            // -1: none
  int32_t eos = -1;
  int32_t unknown = -1;
  bool add_bos = false;
  bool add_eos = false;
  std::vector<int32_t> end_tokens;  // ascending

  int32_t size() const { return static_cast<int32_t>(texts.size()); }
  bool Is(int32_t token, uint8_t kinds_wanted) const { return kinds[token] & kinds_wanted; }
  // Not shown to users. What the file itself calls so is never made from a user's text either.
  bool IsSpecial(int32_t token) const { return Is(token, kControlToken | kUnknownToken); }
  // Merging characters may give this token. The model has learnt a kControlByText as the word that
  // it is.
  bool IsMergeable(int32_t token) const { return !IsSpecial(token) || Is(token, kControlByText); }
};

// What holds where the file says nothing. An id that is not a special token there counts as none.
struct VocabularyDefaults {
  int32_t bos;
  int32_t eos;
  int32_t unknown;
  bool add_bos;
};

// InvalidArgument when tokens are missing or scores or kinds are fewer than tokens.
Result<Vocabulary> LoadVocabulary(const Manifest& manifest, const VocabularyDefaults& defaults);

// Part of LoadVocabulary: finds the tokens that end a reply, by id and by text, and makes the texts
// that must be special so.
void MarkEndTokens(const Manifest& manifest, Vocabulary* vocabulary);

// Part of LoadVocabulary: white space around special tokens that some models' own tokenisers drop
// (phi-3, jina-v2, ModernBERT); known by name only.
void MarkStrippingTokens(const Manifest& manifest, Vocabulary* vocabulary);

}  // namespace motley
