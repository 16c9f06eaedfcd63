#include "engine/model/hyper_parameters.h"

namespace motley {
namespace {

// Linear rope scaling: positions are divided by the factor.
Result<float> RopeScale(const Manifest& manifest, const std::string& prefix) {
  const std::string key = prefix + "rope.scaling.type";
  const auto type = manifest.String(key);
  if (!type.ok() || *type == "none") return 1.0f;
  if (*type != "linear") {
    return Error{Code::kUnsupported,
                 "rope scaling \"" + *type + "\" is not known, only none and linear", key};
  }
  const double factor = TRY(manifest.Number(prefix + "rope.scaling.factor"));
  return static_cast<float>(1.0 / factor);
}

}  // namespace

Result<HyperParameters> ReadHyperParameters(const Manifest& manifest) {
  HyperParameters h;
  h.architecture = TRY(manifest.String("general.architecture"));
  const std::string prefix = h.architecture + ".";
  const auto integer = [&](const char* key) -> Result<int> {
    return static_cast<int>(TRY(manifest.Integer(prefix + key)));
  };
  h.layers = TRY(integer("block_count"));
  h.hidden = TRY(integer("embedding_length"));
  h.feed_forward = TRY(integer("feed_forward_length"));
  h.heads = TRY(integer("attention.head_count"));
  h.context = TRY(integer("context_length"));
  h.kv_heads = static_cast<int>(manifest.IntegerOr(prefix + "attention.head_count_kv", h.heads));
  h.head_dim =
      static_cast<int>(manifest.IntegerOr(prefix + "attention.key_length", h.hidden / h.heads));
  h.rotated = static_cast<int>(manifest.IntegerOr(prefix + "rope.dimension_count", h.head_dim));
  h.window = static_cast<int>(manifest.IntegerOr(prefix + "attention.sliding_window", 0));
  h.norm_eps =
      static_cast<float>(TRY(manifest.Number(prefix + "attention.layer_norm_rms_epsilon")));
  h.rope_base = static_cast<float>(manifest.NumberOr(prefix + "rope.freq_base", 10000.0));
  h.rope_scale = TRY(RopeScale(manifest, prefix));
  const TensorEntry* embedding = manifest.FindTensor("token_embd.weight");
  if (!embedding) return Error::Invalid("token_embd.weight", "the file has no embedding tensor");
  h.vocabulary = static_cast<int>(embedding->rows());
  return h;
}

}  // namespace motley
