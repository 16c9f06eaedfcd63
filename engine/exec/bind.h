#pragma once
// A model's op with names becomes a device's op with memory: one overload per op, one rule per
// operand.

#include "engine/model/graph.h"
#include "kernels/op.h"

namespace motley {

// `bind` turns a Ref into a Tensor; `block_tokens` is the cache's.
template <class Bind>
OpCall BindOp(const SymbolicOp& op, int block_tokens, const Bind& bind) {
  struct Binder {
    const Bind& t;
    int block_tokens;
    OpCall operator()(const op::GetRows<Ref>& o) const {
      return op::GetRows<Tensor>{t(o.table), t(o.ids), t(o.y), o.scale};
    }
    OpCall operator()(const op::RmsNorm<Ref>& o) const {
      return op::RmsNorm<Tensor>{t(o.x), t(o.weight), t(o.y), o.eps};
    }
    OpCall operator()(const op::MulMat<Ref>& o) const {
      op::MulMat<Tensor> out{t(o.x), {}, o.count};
      for (int i = 0; i < o.count; ++i) {
        out.products[i] = {t(o.products[i].weight), t(o.products[i].bias), t(o.products[i].y)};
      }
      return out;
    }
    OpCall operator()(const op::Rope<Ref>& o) const {
      return op::Rope<Tensor>{t(o.x),    t(o.positions), t(o.factors),      o.head_dim,
                              o.rotated, o.base,         o.frequency_scale, o.style};
    }
    OpCall operator()(const op::StoreKv<Ref>& o) const {
      return op::StoreKv<Tensor>{t(o.k),       t(o.v),     t(o.slots), t(o.k_cache),
                                 t(o.v_cache), o.kv_heads, o.head_dim, block_tokens};
    }
    OpCall operator()(const op::Attention<Ref>& o) const {
      return op::Attention<Tensor>{t(o.q),         t(o.k_cache),     t(o.v_cache), t(o.positions),
                                   t(o.sequences), t(o.block_table), t(o.y),       o.heads,
                                   o.kv_heads,     o.head_dim,       block_tokens, o.window,
                                   o.scale};
    }
    OpCall operator()(const op::Add<Ref>& o) const {
      return op::Add<Tensor>{t(o.a), t(o.b), t(o.y)};
    }
    OpCall operator()(const op::Glu<Ref>& o) const {
      return op::Glu<Tensor>{t(o.gate), t(o.up), t(o.y), o.activation};
    }
  };
  return std::visit(Binder{bind, block_tokens}, op);
}

}  // namespace motley
