#include "backends/cpu/checks.h"

#include <string>

namespace motley {
namespace {

Error Refuse(std::string_view op, const std::string& why) {
  return Error::Unsupported(std::string(op) + ": " + why);
}

std::string Shape(const Tensor& t) {
  return std::to_string(t.rows) + " x " + std::to_string(t.cols);
}

// `name` is F32 activations of this shape, -1 for any.
Status Floats(std::string_view op, const char* name, const Tensor& t, int64_t rows, int64_t cols) {
  if (t.type != TensorType::kF32 || t.layout != Layout::kDense) {
    return Refuse(op, std::string(name) + " is " + std::string(Traits(t.type).name) +
                          ", activations are dense F32");
  }
  if ((rows >= 0 && t.rows != rows) || (cols >= 0 && t.cols != cols)) {
    return Refuse(op, std::string(name) + " is " + Shape(t) + ", expected " +
                          (rows < 0 ? "any" : std::to_string(rows)) + " x " +
                          (cols < 0 ? "any" : std::to_string(cols)));
  }
  if (t.rows < 0 || t.cols <= 0 || t.stride < t.cols) {
    return Refuse(op, std::string(name) + " is " + Shape(t) + " with rows " +
                          std::to_string(t.stride) + " apart");
  }
  return {};
}

Status Indices(std::string_view op, const char* name, const Tensor& t, int64_t rows) {
  if (t.type != TensorType::kI32 || t.layout != Layout::kDense || t.cols < 1 || t.stride < t.cols ||
      (rows >= 0 && t.rows != rows)) {
    return Refuse(
        op, std::string(name) + " is " + std::string(Traits(t.type).name) + " " + Shape(t) +
                ", expected I32 with " +
                (rows < 0 ? std::string("a row per sequence") : std::to_string(rows) + " rows"));
  }
  return {};
}

Status Packed(std::string_view op, const char* name, const Tensor& t) {
  const TypeTraits& traits = Traits(t.type);
  if (t.type == TensorType::kI32 || t.layout != Layout::kDevice) {
    return Refuse(op, std::string(name) + " is " + std::string(traits.name) +
                          ", expected a weight from LoadWeight");
  }
  if (t.rows <= 0 || t.cols <= 0 || t.cols % traits.block_elements != 0) {
    return Refuse(op, std::string(name) + " is " + Shape(t) + ", " + std::string(traits.name) +
                          " has blocks of " + std::to_string(traits.block_elements));
  }
  return {};
}

Status Cache(std::string_view op, const char* name, const Tensor& t, int kv_heads, int head_dim,
             int block_tokens) {
  const int64_t block_rows = int64_t{kv_heads} * block_tokens;
  if (kv_heads <= 0 || head_dim <= 0 || block_tokens <= 0) {
    return Refuse(op, "kv_heads, head_dim and block_tokens are positive");
  }
  if ((t.type != TensorType::kF16 && t.type != TensorType::kF32) || t.layout != Layout::kDense) {
    return Refuse(op, std::string(name) + " is " + std::string(Traits(t.type).name) +
                          ", caches are F16 or F32");
  }
  if (t.cols != head_dim || t.stride != head_dim || t.rows % block_rows != 0) {
    return Refuse(op, std::string(name) + " is " + Shape(t) + ", expected rows of " +
                          std::to_string(head_dim) + " values in blocks of " +
                          std::to_string(block_rows));
  }
  return {};
}

struct ShapeChecker {
  Status operator()(const op::GetRows<Tensor>& c) const {
    if (c.table.layout == Layout::kDevice) {
      TRY(Packed(c.kName, "table", c.table));
    } else {
      TRY(Floats(c.kName, "table", c.table, -1, -1));
    }
    TRY(Indices(c.kName, "ids", c.ids, -1));
    return Floats(c.kName, "y", c.y, c.ids.rows, c.table.cols);
  }

  Status operator()(const op::RmsNorm<Tensor>& c) const {
    TRY(Floats(c.kName, "weight", c.weight, 1, -1));
    TRY(Floats(c.kName, "x", c.x, -1, -1));
    TRY(Floats(c.kName, "y", c.y, c.x.rows, c.x.cols));
    if (c.x.cols % c.weight.cols == 0) return {};
    return Refuse(c.kName, "x is " + Shape(c.x) + ", weight has " + std::to_string(c.weight.cols));
  }

  Status operator()(const op::MulMat<Tensor>& c) const {
    if (c.count < 1 || c.count > static_cast<int>(c.products.size())) {
      return Refuse(c.kName, std::to_string(c.count) + " products, one to three are possible");
    }
    TRY(Floats(c.kName, "x", c.x, -1, -1));
    for (int i = 0; i < c.count; ++i) {
      const auto& p = c.products[static_cast<size_t>(i)];
      TRY(Packed(c.kName, "weight", p.weight));
      if (p.weight.cols != c.x.cols) {
        return Refuse(c.kName, "x is " + Shape(c.x) + ", weight is " + Shape(p.weight));
      }
      if (p.bias.cols != 0) TRY(Floats(c.kName, "bias", p.bias, 1, p.weight.rows));
      TRY(Floats(c.kName, "y", p.y, c.x.rows, p.weight.rows));
    }
    return {};
  }

  Status operator()(const op::Rope<Tensor>& c) const {
    TRY(Floats(c.kName, "x", c.x, -1, -1));
    TRY(Indices(c.kName, "positions", c.positions, c.x.rows));
    if (c.head_dim <= 0 || c.x.cols % c.head_dim != 0 || c.rotated <= 0 || c.rotated % 2 != 0 ||
        c.rotated > c.head_dim) {
      return Refuse(c.kName, "x is " + Shape(c.x) + ", head_dim " + std::to_string(c.head_dim) +
                                 ", rotated " + std::to_string(c.rotated));
    }
    // A pair turns by less than a whole turn per position (kernels/rope/turns.h).
    if (!(c.base >= 1) || !(c.frequency_scale > 0 && c.frequency_scale <= 6)) {
      return Refuse(c.kName, "base " + std::to_string(c.base) + " and frequency_scale " +
                                 std::to_string(c.frequency_scale) +
                                 ", base is at least 1 and the scale at most 6");
    }
    if (c.factors.cols == 0) return {};
    return Floats(c.kName, "factors", c.factors, 1, c.rotated / 2);
  }

  Status operator()(const op::StoreKv<Tensor>& c) const {
    TRY(Cache(c.kName, "k_cache", c.k_cache, c.kv_heads, c.head_dim, c.block_tokens));
    TRY(Cache(c.kName, "v_cache", c.v_cache, c.kv_heads, c.head_dim, c.block_tokens));
    TRY(Indices(c.kName, "slots", c.slots, -1));
    const int64_t cols = int64_t{c.kv_heads} * c.head_dim;
    TRY(Floats(c.kName, "k", c.k, c.slots.rows, cols));
    return Floats(c.kName, "v", c.v, c.slots.rows, cols);
  }

  Status operator()(const op::Attention<Tensor>& c) const {
    TRY(Cache(c.kName, "k_cache", c.k_cache, c.kv_heads, c.head_dim, c.block_tokens));
    TRY(Cache(c.kName, "v_cache", c.v_cache, c.kv_heads, c.head_dim, c.block_tokens));
    if (c.k_cache.type != c.v_cache.type || c.k_cache.rows != c.v_cache.rows) {
      return Refuse(c.kName, "the caches of keys and values differ");
    }
    if (c.heads <= 0 || c.heads % c.kv_heads != 0 || c.window < 0) {
      return Refuse(c.kName, std::to_string(c.heads) + " heads on " + std::to_string(c.kv_heads) +
                                 " kv heads, window " + std::to_string(c.window));
    }
    TRY(Floats(c.kName, "q", c.q, -1, int64_t{c.heads} * c.head_dim));
    TRY(Floats(c.kName, "y", c.y, c.q.rows, c.q.cols));
    TRY(Indices(c.kName, "positions", c.positions, c.q.rows));
    TRY(Indices(c.kName, "sequences", c.sequences, c.q.rows));
    return Indices(c.kName, "block_table", c.block_table, -1);
  }

  Status operator()(const op::Add<Tensor>& c) const {
    TRY(Floats(c.kName, "a", c.a, -1, -1));
    TRY(Floats(c.kName, "b", c.b, c.a.rows, c.a.cols));
    return Floats(c.kName, "y", c.y, c.a.rows, c.a.cols);
  }

  Status operator()(const op::Glu<Tensor>& c) const {
    TRY(Floats(c.kName, "gate", c.gate, -1, -1));
    TRY(Floats(c.kName, "up", c.up, c.gate.rows, c.gate.cols));
    return Floats(c.kName, "y", c.y, c.gate.rows, c.gate.cols);
  }
};

}  // namespace

Status CheckShapes(const OpCall& call) { return std::visit(ShapeChecker(), call); }

}  // namespace motley
