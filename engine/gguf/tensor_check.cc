#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "engine/gguf/validator.h"

namespace motley {
namespace {

using enum Size;
using enum Presence;

constexpr std::array<TensorRule, 4> kGlobal = {{
    {"token_embd.weight", kEmbedding, kVocabulary, kRequired},
    {"output_norm.weight", kEmbedding, kOne, kRequired},
    {"output.weight", kEmbedding, kVocabulary, kOptional},  // else the embedding's
    {"rope_freqs.weight", kHalfRope, kOne, kOptional},
}};

constexpr std::array<TensorRule, 9> kBlock = {{
    {"attn_norm.weight", kEmbedding, kOne, kRequired},
    {"attn_q.weight", kEmbedding, kQuery, kRequired},
    {"attn_k.weight", kEmbedding, kKeyValue, kRequired},
    {"attn_v.weight", kEmbedding, kKeyValue, kRequired},
    {"attn_output.weight", kQuery, kEmbedding, kRequired},
    {"ffn_norm.weight", kEmbedding, kOne, kRequired},
    {"ffn_gate.weight", kEmbedding, kFeedForward, kRequired},
    {"ffn_up.weight", kEmbedding, kFeedForward, kRequired},
    {"ffn_down.weight", kFeedForward, kEmbedding, kRequired},
}};

constexpr std::array<TensorRule, 4> kBiases = {{
    {"attn_q.bias", kQuery, kOne, kOptional},
    {"attn_k.bias", kKeyValue, kOne, kOptional},
    {"attn_v.bias", kKeyValue, kOne, kOptional},
    {"attn_output.bias", kEmbedding, kOne, kOptional},
}};
constexpr std::array<TensorRule, 2> kHeadNorms = {{
    {"attn_q_norm.weight", kHead, kOne, kRequired},
    {"attn_k_norm.weight", kHead, kOne, kRequired},
}};
constexpr std::array<TensorRule, 4> kSandwich = {{
    {"attn_q_norm.weight", kHead, kOne, kRequired},
    {"attn_k_norm.weight", kHead, kOne, kRequired},
    {"post_attention_norm.weight", kEmbedding, kOne, kRequired},
    {"post_ffw_norm.weight", kEmbedding, kOne, kRequired},
}};

constexpr std::array<Family, 4> kFamilies = {
    {{"llama", kBiases}, {"qwen2", kBiases}, {"qwen3", kHeadNorms}, {"gemma3", kSandwich}}};

std::string Shape(const std::vector<int64_t>& dims) {
  std::string text = "[";
  for (const int64_t dim : dims) text += (text.size() > 1 ? ", " : "") + std::to_string(dim);
  return text + "]";
}

class Checker {
 public:
  Checker(const Manifest& manifest, const Sizes& sizes) : manifest_(manifest), sizes_(sizes) {
    for (size_t i = 0; i < manifest.tensors.size(); ++i)
      places_.emplace(manifest.tensors[i].name, i);
  }

  Status Check(std::span<const TensorRule> rules, const std::string& prefix) {
    for (const TensorRule& rule : rules) {
      const std::string name = prefix + std::string(rule.name);
      const auto found = places_.find(name);
      if (found == places_.end()) {
        if (rule.presence == kOptional) continue;
        return Error::Invalid(name, "the tensor " + name + " is not in the file");
      }
      TRY(CheckOne(found->second, rule));
      places_.erase(found);
    }
    return {};
  }

  // A tensor that no rule knows means something in the model that nothing would compute.
  Status CheckNoneLeft(std::string_view family) const {
    if (places_.empty()) return {};
    const auto first =
        std::ranges::min_element(places_, {}, [](const auto& place) { return place.second; });
    Error error =
        Error::Unsupported("the tensor " + std::string(first->first) + ", which the family " +
                           std::string(family) + " does not have");
    error.field = "tensor[" + std::to_string(first->second) + "].name";
    return error;
  }

 private:
  Status CheckOne(size_t index, const TensorRule& rule) const {
    const TensorEntry& tensor = manifest_.tensors[index];
    const std::string field = "tensor[" + std::to_string(index) + "]";
    const int64_t cols = sizes_.Of(rule.cols), rows = sizes_.Of(rule.rows);
    const auto& dims = tensor.dims;
    const bool flat = dims.size() <= 2 ||
                      std::all_of(dims.begin() + 2, dims.end(), [](int64_t d) { return d == 1; });
    if (tensor.cols() != cols || tensor.rows() != rows || !flat) {
      return Error::Invalid(field + ".dims",
                            tensor.name + " is " + Shape(dims) + ", must be " +
                                (rule.rows == kOne ? Shape({cols}) : Shape({cols, rows})));
    }
    if (rule.rows != kOne || tensor.type == TensorType::kF32) return {};
    Error error =
        Error::Unsupported(tensor.name + " has type " + std::string(Traits(tensor.type).name) +
                           ", read are norms and biases of type F32");
    error.field = field + ".type";
    return error;
  }

  const Manifest& manifest_;
  const Sizes& sizes_;
  std::unordered_map<std::string_view, size_t> places_;
};

}  // namespace

const Family* FindFamily(std::string_view architecture) {
  const auto found = std::ranges::find(kFamilies, architecture, &Family::name);
  return found == kFamilies.end() ? nullptr : &*found;
}

std::string FamilyNames() {
  std::string names;
  for (const Family& family : kFamilies)
    names += (names.empty() ? "" : ", ") + std::string(family.name);
  return names;
}

Status CheckTensors(const Manifest& manifest, const Family& family, const Sizes& sizes) {
  Checker checker(manifest, sizes);
  TRY(checker.Check(kGlobal, ""));
  for (int64_t block = 0; block < sizes.blocks; ++block) {
    const std::string prefix = "blk." + std::to_string(block) + ".";
    TRY(checker.Check(kBlock, prefix));
    TRY(checker.Check(family.block, prefix));
  }
  return checker.CheckNoneLeft(family.name);
}

}  // namespace motley
