#include "backends/opencl/driver/sources.h"

#include "backends/opencl/driver/hash.h"
#include "kernels/dequantize/dequantize.h"

// Zero-terminated texts; CMakeLists.txt makes the symbols from the names of the files.
extern "C" {
#define MOTLEY_CL_TEXT(name) extern const char motley_cl_##name[];
MOTLEY_CL_TEXT(prelude_opencl)
MOTLEY_CL_TEXT(math_opencl)
MOTLEY_CL_TEXT(add_f32_f32_f32_opencl)
MOTLEY_CL_TEXT(glu_f32_f32_f32_opencl)
MOTLEY_CL_TEXT(rms_norm_f32_f32_f32_opencl)
MOTLEY_CL_TEXT(rope_f32_i32_f32_opencl)
MOTLEY_CL_TEXT(cache_types_opencl)
MOTLEY_CL_TEXT(store_kv_kv_f32_opencl)
MOTLEY_CL_TEXT(online_softmax_opencl)
MOTLEY_CL_TEXT(attend_rows_opencl)
MOTLEY_CL_TEXT(attention_f32_f32_kv_opencl_item)
MOTLEY_CL_TEXT(attention_f32_f32_kv_opencl_group)
MOTLEY_CL_TEXT(get_rows_f32_f32_i32_opencl)
MOTLEY_CL_TEXT(get_rows_f32_any_i32_opencl)
MOTLEY_CL_TEXT(quantize_i8_f32_opencl)
MOTLEY_CL_TEXT(weight_tile_opencl)
MOTLEY_CL_TEXT(products_opencl)
MOTLEY_CL_TEXT(each_row_opencl)
MOTLEY_CL_TEXT(mul_mat_f32_any_f32_opencl_item)
MOTLEY_CL_TEXT(mul_mat_f32_any_f32_opencl_group)
}

namespace motley::opencl {
namespace {

// A file with its name, so that a compiler's message leads to it.
#define MOTLEY_CL_FILE(name) std::string("#line 1 \"" #name ".cl\"\n") + motley_cl_##name + "\n"

std::string Define(const char* name, int value) {
  const std::string text = name;
  return "#undef " + text + "\n#define " + text + " " + std::to_string(value) + "\n";
}

std::string Prelude(Flavour flavour) {
  return Define("MOTLEY_GROUP", flavour.kernels == KernelClass::kGroup) +
         MOTLEY_CL_FILE(prelude_opencl);
}

int QuantBits(TensorType type) {
  using enum TensorType;
  if (!IsQuantized(type)) return 0;
  if (type == kQ8_0) return 8;
  if (type == kQ6_K) return 6;
  return type == kQ5_0 || type == kQ5_1 || type == kQ5_K ? 5 : 4;
}

std::string WeightTile(TensorType type, int item_rows) {
  using enum TensorType;
  const int bits = QuantBits(type);
  return Define("MOTLEY_BITS", bits) + Define("MOTLEY_ZERO", ZeroPoint(type)) +
         Define("MOTLEY_MIN", HasMin(type)) +
         Define("MOTLEY_SUPER", Traits(type).block_elements == 256) +
         Define("MOTLEY_FLOAT", type == kF32    ? 32
                                : type == kF16  ? 16
                                : type == kBF16 ? 1
                                                : 0) +
         Define("MOTLEY_ITEM_ROWS", item_rows) + MOTLEY_CL_FILE(weight_tile_opencl);
}

}  // namespace

std::string CoreSource(Flavour flavour) {
  std::string text =
      Prelude(flavour) + MOTLEY_CL_FILE(math_opencl) + MOTLEY_CL_FILE(add_f32_f32_f32_opencl) +
      MOTLEY_CL_FILE(glu_f32_f32_f32_opencl) + MOTLEY_CL_FILE(rms_norm_f32_f32_f32_opencl) +
      MOTLEY_CL_FILE(rope_f32_i32_f32_opencl) + MOTLEY_CL_FILE(quantize_i8_f32_opencl) +
      MOTLEY_CL_FILE(get_rows_f32_f32_i32_opencl) + MOTLEY_CL_FILE(online_softmax_opencl);
  const bool group = flavour.kernels == KernelClass::kGroup;
  for (const int bits : {16, 32}) {
    text += Define("MOTLEY_KV", bits) + MOTLEY_CL_FILE(cache_types_opencl) +
            MOTLEY_CL_FILE(store_kv_kv_f32_opencl);
    if (group) {
      text += MOTLEY_CL_FILE(attention_f32_f32_kv_opencl_group);
    } else {
      for (const int rows : {1, 8}) {
        text += Define("ROWS", rows) + MOTLEY_CL_FILE(attend_rows_opencl);
      }
      text += MOTLEY_CL_FILE(attention_f32_f32_kv_opencl_item);
    }
  }
  return text;
}

std::string MulMatSource(TensorType weight, Flavour flavour) {
  const bool group = flavour.kernels == KernelClass::kGroup;
  std::string text = Prelude(flavour) +
                     Define("MOTLEY_INTEGER", flavour.arithmetic == Arithmetic::kInteger) +
                     WeightTile(weight, group ? 1 : 16) + MOTLEY_CL_FILE(products_opencl);
  for (const int rows : kProductRows) {
    text += Define("ROWS", rows) + MOTLEY_CL_FILE(each_row_opencl) +
            (group ? MOTLEY_CL_FILE(mul_mat_f32_any_f32_opencl_group)
                   : MOTLEY_CL_FILE(mul_mat_f32_any_f32_opencl_item));
  }
  return text;
}

std::string GetRowsSource(TensorType table, Flavour flavour) {
  return Prelude(flavour) + WeightTile(table, 1) + MOTLEY_CL_FILE(get_rows_f32_any_i32_opencl);
}

std::string BuildId(Flavour flavour) {
  std::string all = CoreSource(flavour);
  for (int i = 0; i < kTensorTypes; ++i) {
    const auto type = static_cast<TensorType>(i);
    if (type == TensorType::kI32) continue;
    all += MulMatSource(type, flavour) + GetRowsSource(type, flavour);
  }
  const char* name = flavour.kernels == KernelClass::kItem ? "item" : "group";
  const char* suffix = flavour.arithmetic == Arithmetic::kFloat ? "-ref-" : "-";
  return name + std::string(suffix) + Hex(Hash(all));
}

}  // namespace motley::opencl
