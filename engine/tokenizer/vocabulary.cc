#include "engine/tokenizer/vocabulary.h"

#include <algorithm>
#include <limits>

namespace motley {
namespace {

constexpr char kTokens[] = "tokenizer.ggml.tokens";
constexpr char kScores[] = "tokenizer.ggml.scores";
constexpr char kTypes[] = "tokenizer.ggml.token_type";

// tokenizer.ggml.token_type as GGUF numbers it; what it does not define gives neither text nor
// bytes.
uint8_t KindOf(int64_t type) {
  switch (type) {
    case 1:
      return kNormalToken;
    case 2:
      return kUnknownToken;
    case 3:
      return kControlToken;
    case 4:
      return kUserDefinedToken;
    case 6:
      return kByteToken;
    default:
      return 0;
  }
}

Error TooFew(const char* key, size_t have, size_t tokens) {
  return Error::Invalid(
      key, std::to_string(have) + " entries for " + std::to_string(tokens) + " tokens");
}

Status ReadTexts(const Manifest& manifest, Vocabulary* vocabulary) {
  const std::vector<std::string>* texts = manifest.Strings(kTokens);
  if (texts == nullptr || texts->empty()) return Error::Invalid(kTokens, "no tokens in the file");
  if (texts->size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return Error::Invalid(
        kTokens, std::to_string(texts->size()) + " tokens, at most 2147483647 can be numbered");
  }
  vocabulary->texts = *texts;
  for (size_t i = 0; i < texts->size(); ++i) {
    if (vocabulary->texts[i].empty()) vocabulary->texts[i] = "[EMPTY_" + std::to_string(i) + "]";
  }
  return {};
}

template <class T>
Status CopyScores(const std::vector<T>& from, Vocabulary* vocabulary) {
  const size_t count = vocabulary->texts.size();
  if (from.size() < count) return TooFew(kScores, from.size(), count);
  vocabulary->scores.assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
  return {};
}

Status ReadScores(const Manifest& manifest, Vocabulary* vocabulary) {
  if (const auto* scores = manifest.Numbers(kScores)) return CopyScores(*scores, vocabulary);
  if (const auto* scores = manifest.Integers(kScores)) return CopyScores(*scores, vocabulary);
  vocabulary->scores.assign(vocabulary->texts.size(), 0.0f);
  return {};
}

Status ReadKinds(const Manifest& manifest, Vocabulary* vocabulary) {
  const size_t count = vocabulary->texts.size();
  vocabulary->kinds.assign(count, kNormalToken);
  const std::vector<int64_t>* types = manifest.Integers(kTypes);
  if (types == nullptr) return {};
  if (types->size() < count) return TooFew(kTypes, types->size(), count);
  std::transform(types->begin(), types->begin() + static_cast<std::ptrdiff_t>(count),
                 vocabulary->kinds.begin(), KindOf);
  return {};
}

int32_t ReadId(const Manifest& manifest, const std::string& key, int32_t otherwise,
               const Vocabulary& vocabulary) {
  const int64_t id = manifest.IntegerOr(key, -1);
  if (id >= 0 && id < vocabulary.size()) return static_cast<int32_t>(id);
  // A default number is another model's; in this one it may be an ordinary word, which must not end
  // a reply.
  return otherwise >= 0 && otherwise < vocabulary.size() && vocabulary.IsSpecial(otherwise)
             ? otherwise
             : -1;
}

}  // namespace

Result<Vocabulary> LoadVocabulary(const Manifest& manifest, const VocabularyDefaults& defaults) {
  Vocabulary vocabulary;
  TRY(ReadTexts(manifest, &vocabulary));
  TRY(ReadScores(manifest, &vocabulary));
  TRY(ReadKinds(manifest, &vocabulary));
  vocabulary.bos = ReadId(manifest, "tokenizer.ggml.bos_token_id", defaults.bos, vocabulary);
  vocabulary.eos = ReadId(manifest, "tokenizer.ggml.eos_token_id", defaults.eos, vocabulary);
  vocabulary.unknown =
      ReadId(manifest, "tokenizer.ggml.unknown_token_id", defaults.unknown, vocabulary);
  vocabulary.add_bos = manifest.BoolOr("tokenizer.ggml.add_bos_token", defaults.add_bos);
  vocabulary.add_eos = manifest.BoolOr("tokenizer.ggml.add_eos_token", false);
  MarkEndTokens(manifest, &vocabulary);
  MarkStrippingTokens(manifest, &vocabulary);
  return vocabulary;
}

}  // namespace motley
