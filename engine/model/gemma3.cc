#include <cmath>

#include "engine/model/attention_block.h"

namespace motley {
namespace {

// Gemma 3 technical report, section 2: five layers with a sliding window and rotary base 10,000,
// then one that sees everything. Linear rope scaling belongs to the latter only.
constexpr int kPattern = 6;
constexpr float kLocalBase = 10000.0f;

bool IsLocal(const GraphBuilder& b, int layer) {
  const auto pattern = b.manifest().IntegerOr("gemma3.attention.sliding_window_pattern", kPattern);
  return b.hyper().window > 0 && pattern > 0 && layer % pattern < pattern - 1;
}

// The 27 B model (62 layers) divides by the square root of hidden / heads, all others by that of
// the head size.
float QueryScale(const HyperParameters& h) {
  const int per_head = h.layers == 62 ? h.hidden / h.heads : h.head_dim;
  return 1.0f / std::sqrt(static_cast<float>(per_head));
}

}  // namespace

void BuildGemma3(GraphBuilder& b) {
  const HyperParameters& h = b.hyper();
  const auto local_base =
      static_cast<float>(b.manifest().NumberOr("gemma3.rope.freq_base_swa", kLocalBase));
  b.NextItem();
  b.Embed(std::sqrt(static_cast<float>(h.hidden)));
  for (int layer = 0; layer < h.layers; ++layer) {
    b.NextItem();
    const bool local = IsLocal(b, layer);
    const GraphBuilder::Rotary rotary{local ? local_base : h.rope_base, local ? 1.0f : h.rope_scale,
                                      RopeStyle::kNeox};
    const Ref x = b.Norm(b.Hidden(), b.LayerVector("attn_norm.weight"), "normed", h.hidden);
    const Qkv qkv = ProjectQkv(b, x);
    NormHeads(b, qkv);
    b.Rotate(qkv.q, rotary);
    b.Rotate(qkv.k, rotary);
    const Ref attended = b.Attend(qkv.q, qkv.k, qkv.v, QueryScale(h), local ? h.window : 0);
    const Ref projected =
        b.Project(attended, b.LayerMatrix("attn_output.weight"), {}, "projected", h.hidden);
    b.NormInPlace(projected, b.LayerVector("post_attention_norm.weight"));
    b.AddToHidden(projected);
    const Ref y = b.Norm(b.Hidden(), b.LayerVector("ffn_norm.weight"), "normed", h.hidden);
    const Ref fed = b.GatedFeedForward(y, Activation::kGeluTanh);
    b.NormInPlace(fed, b.LayerVector("post_ffw_norm.weight"));
    b.AddToHidden(fed);
  }
  b.NextItem();
  b.Head();
}

}  // namespace motley
