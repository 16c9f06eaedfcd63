#pragma once
// What a model's file must say before anything computes with it: hyper-parameters in range and
// dividing where they must, a consistent vocabulary, every tensor of the family with its shape and
// none besides. Pure; any thread. Private to engine/gguf.
//
// Families: llama, qwen2, qwen3, gemma3. A file without tensors (a vocabulary) may have any
// architecture. Errors: InvalidArgument with the key or "tensor[i].dims" as field, and Unsupported
// for what Motley does not run. A new family is one row of kFamilies (tensor_check.cc).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/gguf/manifest.h"

namespace motley {

Status ValidateManifest(const Manifest& manifest);

// The sizes that a family's tensor shapes are made of.
enum class Size {
  kOne,
  kEmbedding,
  kVocabulary,
  kQuery,
  kKeyValue,
  kHead,
  kFeedForward,
  kHalfRope
};
struct Sizes {
  int64_t blocks = 0;
  int64_t embedding = 0;
  int64_t vocabulary = 0;
  int64_t query = 0;      // head_count * head size
  int64_t key_value = 0;  // head_count_kv * head size
  int64_t head = 0;
  int64_t feed_forward = 0;
  int64_t half_rope = 0;
  int64_t Of(Size size) const;
};

// A tensor of a family; in a block, `name` is what follows "blk.N.". Rows kOne is a vector, which
// must be F32.
enum class Presence { kRequired, kOptional };
struct TensorRule {
  std::string_view name;
  Size cols;
  Size rows;
  Presence presence;
};
struct Family {
  std::string_view name;
  std::span<const TensorRule> block;  // beside those that all families have
};
const Family* FindFamily(std::string_view architecture);
std::string FamilyNames();

// tokenizer.*: arrays as long as the tokens, kinds and ids in range. Nothing to say when there are
// no tokens.
Status CheckVocabulary(const Manifest& manifest);
// <family>.*: ranges; with kRequired also that all are there and fit together.
Status CheckHyperParameters(const Manifest& manifest, const std::string& family, Presence presence);
// After CheckHyperParameters with kRequired.
Sizes SizesOf(const Manifest& manifest, const std::string& family);
Status CheckTensors(const Manifest& manifest, const Family& family, const Sizes& sizes);

}  // namespace motley
