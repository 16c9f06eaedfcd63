#pragma once
// q, k and v of one layer from its normed input: what llama, qwen2, qwen3 and gemma3 have in
// common.

#include "engine/model/builder.h"

namespace motley {

struct Qkv {
  Ref q, k, v;
};

// Projects with one shared reading of x; biases where the file has them.
inline Qkv ProjectQkv(GraphBuilder& b, Ref x) {
  const HyperParameters& h = b.hyper();
  const Qkv out{b.Value("q", h.q_cols()), b.Value("k", h.kv_cols()), b.Value("v", h.kv_cols())};
  op::MulMat<Ref> all{x, {}, 3};
  all.products[0] = {b.LayerMatrix("attn_q.weight"), b.OptionalLayerVector("attn_q.bias"), out.q};
  all.products[1] = {b.LayerMatrix("attn_k.weight"), b.OptionalLayerVector("attn_k.bias"), out.k};
  all.products[2] = {b.LayerMatrix("attn_v.weight"), b.OptionalLayerVector("attn_v.bias"), out.v};
  b.Emit(all);
  return out;
}

// Norms every head of q and k (qwen3, gemma3).
inline void NormHeads(GraphBuilder& b, const Qkv& x) {
  b.NormInPlace(x.q, b.LayerVector("attn_q_norm.weight"));
  b.NormInPlace(x.k, b.LayerVector("attn_k_norm.weight"));
}

}  // namespace motley
