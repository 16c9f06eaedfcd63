#include <array>
#include <cmath>

#include "engine/gguf/cursor.h"
#include "engine/gguf/validator.h"

namespace motley {
namespace {

const std::string kPrefix = "tokenizer.ggml.";

// Token kinds: undefined 0, normal 1, unknown 2, control 3, user-defined 4, unused 5, byte 6 (the
// public specification).
constexpr int64_t kMaxTokenKind = 6;

// What a tokeniser looks up; other ids (padding, fill-in-the-middle, ...) need only be integers.
constexpr std::array<const char*, 5> kIds = {"bos_token_id", "eos_token_id", "unknown_token_id",
                                             "eot_token_id", "eom_token_id"};
constexpr std::array<const char*, 7> kFlags = {"add_bos_token",
                                               "add_eos_token",
                                               "add_sep_token",
                                               "add_space_prefix",
                                               "remove_extra_whitespaces",
                                               "escape_whitespaces",
                                               "tokenizer_lowercase"};
constexpr std::array<const char*, 2> kTexts = {"model", "pre"};

Error WrongArray(const std::string& key, const char* wanted) {
  return Error::Invalid(key, std::string("must be an array of ") + wanted);
}

Status CheckLength(const std::string& key, size_t size, size_t tokens) {
  if (size == tokens) return {};
  return Error::Invalid(key, "has " + std::to_string(size) +
                                 " elements, tokenizer.ggml.tokens has " + std::to_string(tokens));
}

Status CheckScores(const Manifest& manifest, size_t tokens) {
  const std::string key = kPrefix + "scores";
  if (!manifest.metadata.contains(key)) return {};
  const auto* scores = manifest.Numbers(key);
  if (!scores) return WrongArray(key, "floats");
  for (size_t i = 0; i < scores->size(); ++i) {
    if (std::isfinite((*scores)[i])) continue;
    return Error::Invalid(Field{key, static_cast<int64_t>(i)}.Text(), "is not a finite number");
  }
  return CheckLength(key, scores->size(), tokens);
}

Status CheckKinds(const Manifest& manifest, size_t tokens) {
  const std::string key = kPrefix + "token_type";
  if (!manifest.metadata.contains(key)) return {};
  const auto* kinds = manifest.Integers(key);
  if (!kinds) return WrongArray(key, "integers");
  for (size_t i = 0; i < kinds->size(); ++i) {
    const int64_t kind = (*kinds)[i];
    if (kind >= 0 && kind <= kMaxTokenKind) continue;
    return Error::Invalid(
        Field{key, static_cast<int64_t>(i)}.Text(),
        "is " + std::to_string(kind) + ", must be 0 to " + std::to_string(kMaxTokenKind));
  }
  return CheckLength(key, kinds->size(), tokens);
}

Status CheckIds(const Manifest& manifest, size_t tokens) {
  for (const char* name : kIds) {
    const std::string key = kPrefix + name;
    if (!manifest.metadata.contains(key)) continue;
    const int64_t id = TRY(manifest.Integer(key));
    if (id >= 0 && id < static_cast<int64_t>(tokens)) continue;
    return Error::Invalid(
        key, "is " + std::to_string(id) + ", must be 0 to " + std::to_string(tokens - 1));
  }
  for (auto at = manifest.metadata.lower_bound(kPrefix);
       at != manifest.metadata.end() && at->first.starts_with(kPrefix); ++at) {
    if (at->first.ends_with("_token_id")) TRY(manifest.Integer(at->first));
  }
  return {};
}

Status CheckScalars(const Manifest& manifest) {
  for (const char* name : kFlags) {
    const std::string key = kPrefix + name;
    const auto found = manifest.metadata.find(key);
    if (found == manifest.metadata.end() || std::holds_alternative<bool>(found->second)) continue;
    return Error::Invalid(key, "must be a boolean");
  }
  for (const char* name : kTexts) {
    const std::string key = kPrefix + name;
    if (manifest.metadata.contains(key)) TRY(manifest.String(key));
  }
  const std::string chat = "tokenizer.chat_template";
  if (manifest.metadata.contains(chat)) TRY(manifest.String(chat));
  return {};
}

}  // namespace

Status CheckVocabulary(const Manifest& manifest) {
  TRY(CheckScalars(manifest));
  const std::string key = kPrefix + "tokens", merges = kPrefix + "merges";
  if (!manifest.metadata.contains(key)) return {};
  const auto* tokens = manifest.Strings(key);
  if (!tokens) return WrongArray(key, "strings");
  if (tokens->empty()) return Error::Invalid(key, "has 0 elements, must have at least 1");
  if (manifest.metadata.contains(merges) && !manifest.Strings(merges))
    return WrongArray(merges, "strings");
  if (!manifest.metadata.contains(kPrefix + "model")) {
    return Error::Invalid(kPrefix + "model",
                          "there are tokens, and nothing says which tokeniser they are of");
  }
  TRY(CheckScores(manifest, tokens->size()));
  TRY(CheckKinds(manifest, tokens->size()));
  return CheckIds(manifest, tokens->size());
}

}  // namespace motley
