#pragma once
// The numbers of a model, read from a validated manifest under its architecture's prefix. Plain
// data.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "engine/gguf/manifest.h"

namespace motley {

struct HyperParameters {
  std::string architecture;
  int layers = 0;
  int hidden = 0;  // width of the residual stream
  int feed_forward = 0;
  int heads = 0, kv_heads = 0;
  int head_dim = 0;  // of q, k and v
  int rotated = 0;   // values of a head that rotary embedding turns
  int vocabulary = 0;
  int context = 0;  // tokens the model was trained for
  int window = 0;   // sliding window, 0: none
  float norm_eps = 1e-5f;
  float rope_base = 10000.0f;
  float rope_scale = 1.0f;  // frequency scale: 1 / factor of linear scaling

  int q_cols() const { return heads * head_dim; }
  int kv_cols() const { return kv_heads * head_dim; }
};

// Errors: Unsupported for rope scaling other than none and linear (named), InvalidArgument for
// missing keys.
Result<HyperParameters> ReadHyperParameters(const Manifest& manifest);

}  // namespace motley
