#pragma once
// The pre-norm decoder of llama, qwen2 and qwen3: they differ in rotary style and in q/k norms
// only.

#include <cmath>

#include "engine/model/attention_block.h"

namespace motley {

enum class HeadNorms { kNone, kQueryAndKey };

inline void BuildPreNormDecoder(GraphBuilder& b, RopeStyle style, HeadNorms norms) {
  const HyperParameters& h = b.hyper();
  b.NextItem();
  b.Embed(1.0f);
  for (int layer = 0; layer < h.layers; ++layer) {
    b.NextItem();
    const Ref x = b.Norm(b.Hidden(), b.LayerVector("attn_norm.weight"), "normed", h.hidden);
    const Qkv qkv = ProjectQkv(b, x);
    if (norms == HeadNorms::kQueryAndKey) NormHeads(b, qkv);
    const GraphBuilder::Rotary rotary{h.rope_base, h.rope_scale, style,
                                      b.OptionalGlobal("rope_freqs.weight", WeightUse::kVector)};
    b.Rotate(qkv.q, rotary);
    b.Rotate(qkv.k, rotary);
    const float scale = 1.0f / std::sqrt(static_cast<float>(h.head_dim));
    const Ref attended = b.Attend(qkv.q, qkv.k, qkv.v, scale, h.window);
    b.AddToHidden(b.Project(attended, b.LayerMatrix("attn_output.weight"),
                            b.OptionalLayerVector("attn_output.bias"), "projected", h.hidden));
    const Ref y = b.Norm(b.Hidden(), b.LayerVector("ffn_norm.weight"), "normed", h.hidden);
    b.AddToHidden(b.GatedFeedForward(y, Activation::kSilu));
  }
  b.NextItem();
  b.Head();
}

}  // namespace motley
