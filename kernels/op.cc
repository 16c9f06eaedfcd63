#include "kernels/op.h"

#include <algorithm>
#include <cctype>

namespace motley {
namespace {

// Ids and block layouts: the public GGUF specification's ggml_type table.
constexpr TypeTraits kTraits[kTensorTypes] = {
    {"F32", 0, 1, 4},       {"F16", 1, 1, 2},       {"BF16", 30, 1, 2},     {"Q8_0", 8, 32, 34},
    {"Q4_0", 2, 32, 18},    {"Q4_1", 3, 32, 20},    {"Q5_0", 6, 32, 22},    {"Q5_1", 7, 32, 24},
    {"Q4_K", 12, 256, 144}, {"Q5_K", 13, 256, 176}, {"Q6_K", 14, 256, 210}, {"I32", 26, 1, 4},
};

}  // namespace

const TypeTraits& Traits(TensorType type) { return kTraits[static_cast<int>(type)]; }

std::optional<TensorType> TypeFromGguf(uint32_t gguf_id) {
  for (int i = 0; i < kTensorTypes; ++i) {
    if (kTraits[i].gguf_id == gguf_id) return static_cast<TensorType>(i);
  }
  return std::nullopt;
}

std::optional<TensorType> TypeFromName(std::string_view name) {
  const auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  for (int i = 0; i < kTensorTypes; ++i) {
    if (std::ranges::equal(name, kTraits[i].name, same)) return static_cast<TensorType>(i);
  }
  return std::nullopt;
}

int64_t RowBytes(TensorType type, int64_t cols) {
  return cols / Traits(type).block_elements * Traits(type).block_bytes;
}

}  // namespace motley
