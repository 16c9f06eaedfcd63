#pragma once
// What a model asks of a device: tensor types, operands and the eight ops. Plain data without
// owners; any thread.
//
// Every op is a template over what names an operand, so that one definition serves both the model
// (operands are value names, engine/model) and the device (operands are memory, OpCall below).
// `ForEach` visits the operands. Shapes are [rows, cols], row-major; M is the number of rows of a
// batch. All activations are F32.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace motley {

// GGUF's names and block layouts (ggml's public type table); kI32 is for indices.
enum class TensorType : uint8_t {
  kF32,
  kF16,
  kBF16,
  kQ8_0,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kI32
};
inline constexpr int kTensorTypes = 12;

struct TypeTraits {
  std::string_view name;  // "Q4_K"
  uint32_t gguf_id;       // the number in a GGUF file
  int block_elements;     // values per block: 1, 32 or 256
  int block_bytes;        // bytes per block
};
const TypeTraits& Traits(TensorType type);
std::optional<TensorType> TypeFromGguf(uint32_t gguf_id);
std::optional<TensorType> TypeFromName(std::string_view name);  // any case
// Bytes of a row of `cols` values; cols is a multiple of block_elements.
int64_t RowBytes(TensorType type, int64_t cols);

enum class Layout : uint8_t {
  kDense,   // rows of GGUF blocks or plain values, `stride` apart
  kDevice,  // a weight that Device::LoadWeight laid out as it likes; stride means nothing
};

// An operand on a device. `handle` means what the device that allocated it says: a host address on
// cpu, a cl_mem on opencl.
struct Tensor {
  void* handle = nullptr;
  int64_t offset = 0;  // bytes
  TensorType type = TensorType::kF32;
  Layout layout = Layout::kDense;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // values between the starts of two rows; == cols when dense
  explicit operator bool() const { return handle != nullptr; }
};

enum class RopeStyle { kNeox, kInterleaved };  // pairs (i, i + n/2) against pairs (2i, 2i + 1)
enum class Activation { kSilu, kGeluTanh };

namespace op {

// y[m] = scale * table[ids[m]].  table [V, K] any type (a weight or F32 activations), ids I32 [M,
// 1], y [M, K].
template <class T>
struct GetRows {
  static constexpr std::string_view kName = "get_rows";
  T table, ids, y;
  float scale = 1.0f;
  template <class F>
  void ForEach(F&& f) {
    f(table), f(ids), f(y);
  }
};

// y = x / sqrt(mean(x^2) + eps) * weight over every run of weight.cols values of a row, so one call
// norms all heads of q. weight F32 [1, W], x and y [M, n*W]; y may be x.
template <class T>
struct RmsNorm {
  static constexpr std::string_view kName = "rms_norm";
  T x, weight, y;
  float eps = 1e-5f;
  template <class F>
  void ForEach(F&& f) {
    f(x), f(weight), f(y);
  }
};

// y_i = x * weight_i^T (+ bias_i) for up to three weights that share x (q, k, v; gate, up): x is
// quantised once. x [M, K]; weight [N, K] loaded with LoadWeight; bias F32 [1, N] or none; y [M,
// N]. With a quantised weight x is rounded to int8 in blocks of 32 (scale max|x|/127, kept as
// float, nearest even) and each block's dot product is exact in integers: the arithmetic class of
// every device. F32, F16 and BF16 weights: float throughout.
template <class T>
struct MulMat {
  static constexpr std::string_view kName = "mul_mat";
  struct Product {
    T weight, bias, y;
  };
  T x;
  std::array<Product, 3> products;
  int count = 1;
  template <class F>
  void ForEach(F&& f) {
    f(x);
    for (int i = 0; i < count; ++i) f(products[i].weight), f(products[i].bias), f(products[i].y);
  }
};

// Rotates the first `rotated` values of every head of x in place. x [M, heads*head_dim], positions
// I32 [M, 1], factors F32 [1, rotated/2] or none. angle(i) = position * frequency_scale *
// base^(-2i/rotated) / factors[i].
template <class T>
struct Rope {
  static constexpr std::string_view kName = "rope";
  T x, positions, factors;
  int head_dim = 0;
  int rotated = 0;
  float base = 10000.0f;
  float frequency_scale = 1.0f;
  RopeStyle style = RopeStyle::kNeox;
  template <class F>
  void ForEach(F&& f) {
    f(x), f(positions), f(factors);
  }
};

// Writes row m of k and v to slot slots[m] of the layer's cache. k, v [M, kv_heads*head_dim]; slots
// I32 [M, 1]. Caches (F16 or F32) are [blocks][kv_heads][block_tokens][head_dim]; slot = block *
// block_tokens + place in it.
template <class T>
struct StoreKv {
  static constexpr std::string_view kName = "store_kv";
  T k, v, slots, k_cache, v_cache;
  int kv_heads = 0, head_dim = 0, block_tokens = 0;
  template <class F>
  void ForEach(F&& f) {
    f(k), f(v), f(slots), f(k_cache), f(v_cache);
  }
};

// Causal grouped-query attention over the paged cache: row m attends to positions max(0,
// p-window+1)..p of its sequence, p = positions[m] (window 0: all). q, y [M, heads*head_dim];
// positions, sequences I32 [M, 1] (rows of a sequence are adjacent); block_table I32 [sequences,
// max_blocks]. y = softmax(scale * q k^T) v. A row's result may not depend on the other rows of the
// batch, to the last bit.
template <class T>
struct Attention {
  static constexpr std::string_view kName = "attention";
  T q, k_cache, v_cache, positions, sequences, block_table, y;
  int heads = 0, kv_heads = 0, head_dim = 0, block_tokens = 0, window = 0;
  float scale = 1.0f;
  template <class F>
  void ForEach(F&& f) {
    f(q), f(k_cache), f(v_cache), f(positions), f(sequences), f(block_table), f(y);
  }
};

// y = a + b, all [M, K]; y may be a or b.
template <class T>
struct Add {
  static constexpr std::string_view kName = "add";
  T a, b, y;
  template <class F>
  void ForEach(F&& f) {
    f(a), f(b), f(y);
  }
};

// y = act(gate) * up, all [M, K]; y may be gate or up.
template <class T>
struct Glu {
  static constexpr std::string_view kName = "glu";
  T gate, up, y;
  Activation activation = Activation::kSilu;
  template <class F>
  void ForEach(F&& f) {
    f(gate), f(up), f(y);
  }
};

template <class T>
using Any = std::variant<GetRows<T>, RmsNorm<T>, MulMat<T>, Rope<T>, StoreKv<T>, Attention<T>,
                         Add<T>, Glu<T>>;

}  // namespace op

// One op with its operands in a device's memory. A new op is one struct above, its folder and its
// name in Any.
using OpCall = op::Any<Tensor>;

inline std::string_view OpName(const OpCall& call) {
  return std::visit([](const auto& c) { return c.kName; }, call);
}

}  // namespace motley
