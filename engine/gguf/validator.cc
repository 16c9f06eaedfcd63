#include "engine/gguf/validator.h"

#include <array>
#include <cmath>

#include "engine/gguf/reader.h"

namespace motley {
namespace {

struct IntegerRule {
  const char* key;
  int64_t min, max;
  Presence presence;
};
constexpr int64_t kMaxHead = 1024, kMaxTokens = 1 << 24;
constexpr std::array<IntegerRule, 13> kIntegers = {{
    {"block_count", 1, 1024, Presence::kRequired},
    {"context_length", 1, kMaxTokens, Presence::kRequired},
    {"embedding_length", 1, 1 << 20, Presence::kRequired},
    {"feed_forward_length", 1, 1 << 22, Presence::kRequired},
    {"attention.head_count", 1, 4096, Presence::kRequired},
    {"attention.head_count_kv", 1, 4096, Presence::kOptional},
    {"attention.key_length", 2, kMaxHead, Presence::kOptional},
    {"attention.value_length", 2, kMaxHead, Presence::kOptional},
    {"attention.sliding_window", 0, kMaxTokens, Presence::kOptional},
    {"rope.dimension_count", 2, kMaxHead, Presence::kOptional},
    {"rope.scaling.original_context_length", 1, kMaxTokens, Presence::kOptional},
    {"vocab_size", 1, kMaxTokens, Presence::kOptional},
    {"expert_count", 0, 4096, Presence::kOptional},
}};

// Strictly between min and max.
struct NumberRule {
  const char* key;
  double min, max;
  Presence presence;
};
constexpr std::array<NumberRule, 4> kNumbers = {{
    {"attention.layer_norm_rms_epsilon", 0, 1, Presence::kRequired},
    {"rope.freq_base", 0, 1e12, Presence::kOptional},
    {"rope.freq_base_swa", 0, 1e12, Presence::kOptional},
    {"rope.scaling.factor", 0, 1e6, Presence::kOptional},
}};

Error Unsupported(std::string field, std::string message) {
  Error error = Error::Unsupported(std::move(message));
  error.field = std::move(field);
  return error;
}

// Whether the key is there to be checked.
Result<bool> IsThere(const Manifest& manifest, const std::string& key, Presence rule,
                     Presence wanted) {
  if (manifest.metadata.contains(key)) return true;
  if (rule == Presence::kOptional || wanted == Presence::kOptional) return false;
  return Error::Invalid(key, key + " is not in the file, every model with tensors has it");
}

Status CheckInteger(const Manifest& manifest, const std::string& key, const IntegerRule& rule) {
  if (manifest.Integers(key))
    return Unsupported(key, "differs from layer to layer, read is one number for all");
  const int64_t value = TRY(manifest.Integer(key));
  if (value >= rule.min && value <= rule.max) return {};
  return Error::Invalid(key, "is " + std::to_string(value) + ", must be " +
                                 std::to_string(rule.min) + " to " + std::to_string(rule.max));
}

Status CheckNumber(const Manifest& manifest, const std::string& key, const NumberRule& rule) {
  const double value = TRY(manifest.Number(key));
  if (value > rule.min && value < rule.max) return {};
  return Error::Invalid(key, "is " + std::to_string(value) + ", must be above " +
                                 std::to_string(rule.min) + " and below " +
                                 std::to_string(rule.max));
}

Status CheckFinite(const std::string& key, const GgufValue& value) {
  if (const auto* number = std::get_if<double>(&value); number && !std::isfinite(*number)) {
    return Error::Invalid(key, "is not a finite number");
  }
  const auto* numbers = std::get_if<std::vector<double>>(&value);
  for (size_t i = 0; numbers && i < numbers->size(); ++i) {
    if (std::isfinite((*numbers)[i])) continue;
    return Error::Invalid(Field{key, static_cast<int64_t>(i)}.Text(), "is not a finite number");
  }
  return {};
}

// One number (every n-th layer is global), or one per layer.
Status CheckWindowPattern(const Manifest& manifest, const std::string& family) {
  const std::string key = family + ".attention.sliding_window_pattern";
  const auto found = manifest.metadata.find(key);
  if (found == manifest.metadata.end()) return {};
  const auto* bools = std::get_if<std::vector<bool>>(&found->second);
  const auto* numbers = manifest.Integers(key);
  if (!bools && !numbers) return CheckInteger(manifest, key, {"", 1, 1024, Presence::kOptional});
  const size_t size = bools ? bools->size() : numbers->size();
  const int64_t blocks = manifest.IntegerOr(family + ".block_count", 0);
  if (static_cast<int64_t>(size) == blocks) return {};
  return Error::Invalid(key, "has " + std::to_string(size) + " elements, must have block_count, " +
                                 std::to_string(blocks));
}

int64_t HeadSize(const Manifest& manifest, const std::string& family) {
  const int64_t even_share = manifest.IntegerOr(family + ".embedding_length", 0) /
                             manifest.IntegerOr(family + ".attention.head_count", 1);
  return manifest.IntegerOr(family + ".attention.key_length", even_share);
}

Status CheckHeads(const Manifest& manifest, const std::string& family) {
  const std::string heads_key = family + ".attention.head_count", kv_key = heads_key + "_kv";
  const std::string key_length = family + ".attention.key_length";
  const std::string value_length = family + ".attention.value_length";
  const int64_t heads = manifest.IntegerOr(heads_key, 0), kv = manifest.IntegerOr(kv_key, heads);
  const int64_t embedding = manifest.IntegerOr(family + ".embedding_length", 0);
  if (heads % kv != 0) {
    return Error::Invalid(
        kv_key, "is " + std::to_string(kv) + ", must divide head_count, " + std::to_string(heads));
  }
  if (!manifest.metadata.contains(key_length) && embedding % heads != 0) {
    return Error::Invalid(heads_key,
                          "is " + std::to_string(heads) + ", must divide embedding_length, " +
                              std::to_string(embedding) + ", when there is no key_length");
  }
  const int64_t head = HeadSize(manifest, family);
  if (head < 2 || head > kMaxHead || head % 2 != 0) {
    return Error::Invalid(manifest.metadata.contains(key_length) ? key_length : heads_key,
                          "makes heads of " + std::to_string(head) +
                              " values, must be even and 2 to " + std::to_string(kMaxHead));
  }
  if (const int64_t value = manifest.IntegerOr(value_length, head); value != head) {
    return Unsupported(value_length, "is " + std::to_string(value) +
                                         ", read are models where it is the key's, " +
                                         std::to_string(head));
  }
  return {};
}

Status CheckRope(const Manifest& manifest, const std::string& family) {
  const int64_t head = HeadSize(manifest, family);
  const std::string key = family + ".rope.dimension_count";
  const int64_t rotated = manifest.IntegerOr(key, head);
  if (rotated % 2 == 0 && rotated <= head) return {};
  return Error::Invalid(key, "is " + std::to_string(rotated) +
                                 ", must be even and at most the head's " + std::to_string(head));
}

Status CheckRest(const Manifest& manifest, const std::string& family) {
  if (manifest.IntegerOr(family + ".expert_count", 0) > 0) {
    return Unsupported(family + ".expert_count", "a mixture of experts; read are dense models");
  }
  const std::string scaling = family + ".rope.scaling.type", split = "split.count";
  if (manifest.metadata.contains(scaling)) TRY(manifest.String(scaling));
  if (manifest.metadata.contains(split) && TRY(manifest.Integer(split)) > 1) {
    return Unsupported(split, "one of several files of a model")
        .Fix("merge them with llama-gguf-split --merge");
  }
  const std::string vocabulary = family + ".vocab_size";
  const auto* tokens = manifest.Strings("tokenizer.ggml.tokens");
  const int64_t size = tokens ? static_cast<int64_t>(tokens->size()) : 0;
  if (const int64_t said = manifest.IntegerOr(vocabulary, size); said != size) {
    return Error::Invalid(vocabulary, "is " + std::to_string(said) +
                                          ", tokenizer.ggml.tokens has " + std::to_string(size));
  }
  return {};
}

}  // namespace

int64_t Sizes::Of(Size size) const {
  switch (size) {
    case Size::kOne:
      return 1;
    case Size::kEmbedding:
      return embedding;
    case Size::kVocabulary:
      return vocabulary;
    case Size::kQuery:
      return query;
    case Size::kKeyValue:
      return key_value;
    case Size::kHead:
      return head;
    case Size::kFeedForward:
      return feed_forward;
    case Size::kHalfRope:
      return half_rope;
  }
  return 0;
}

Status CheckHyperParameters(const Manifest& manifest, const std::string& family,
                            Presence presence) {
  const std::string prefix = family + ".";
  for (auto at = manifest.metadata.lower_bound(prefix);
       at != manifest.metadata.end() && at->first.starts_with(prefix); ++at) {
    TRY(CheckFinite(at->first, at->second));
  }
  for (const IntegerRule& rule : kIntegers) {
    const std::string key = prefix + rule.key;
    if (TRY(IsThere(manifest, key, rule.presence, presence)))
      TRY(CheckInteger(manifest, key, rule));
  }
  for (const NumberRule& rule : kNumbers) {
    const std::string key = prefix + rule.key;
    if (TRY(IsThere(manifest, key, rule.presence, presence))) TRY(CheckNumber(manifest, key, rule));
  }
  if (presence == Presence::kOptional) return {};
  TRY(CheckWindowPattern(manifest, family));
  TRY(CheckHeads(manifest, family));
  TRY(CheckRope(manifest, family));
  return CheckRest(manifest, family);
}

Sizes SizesOf(const Manifest& manifest, const std::string& family) {
  Sizes sizes;
  const int64_t heads = manifest.IntegerOr(family + ".attention.head_count", 0);
  sizes.blocks = manifest.IntegerOr(family + ".block_count", 0);
  sizes.embedding = manifest.IntegerOr(family + ".embedding_length", 0);
  sizes.vocabulary = static_cast<int64_t>(manifest.Strings("tokenizer.ggml.tokens")->size());
  sizes.head = HeadSize(manifest, family);
  sizes.query = heads * sizes.head;
  sizes.key_value = manifest.IntegerOr(family + ".attention.head_count_kv", heads) * sizes.head;
  sizes.feed_forward = manifest.IntegerOr(family + ".feed_forward_length", 0);
  sizes.half_rope = manifest.IntegerOr(family + ".rope.dimension_count", sizes.head) / 2;
  return sizes;
}

Status ValidateManifest(const Manifest& manifest) {
  static const std::string kArchitecture = "general.architecture",
                           kTokens = "tokenizer.ggml.tokens";
  auto architecture = manifest.String(kArchitecture);
  if (!architecture.ok()) return Error::Invalid(kArchitecture, architecture.error().message);
  TRY(CheckVocabulary(manifest));
  const Family* family = FindFamily(*architecture);
  if (manifest.tensors.empty()) {
    return family ? CheckHyperParameters(manifest, *architecture, Presence::kOptional) : Status();
  }
  if (!family) {
    return Unsupported(kArchitecture,
                       "the architecture " + Quoted(*architecture) + ", read are " + FamilyNames());
  }
  if (!manifest.Strings(kTokens)) {
    return Error::Invalid(kTokens,
                          "no list of tokens in the file, every model with tensors has one");
  }
  TRY(CheckHyperParameters(manifest, *architecture, Presence::kRequired));
  return CheckTensors(manifest, *family, SizesOf(manifest, *architecture));
}

}  // namespace motley
