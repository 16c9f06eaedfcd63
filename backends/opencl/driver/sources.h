#pragma once
// The OpenCL C programs, put together from the kernels beside their ops (kernels/*/*_opencl*.cl),
// which the build embeds here. Pure; any thread.

#include <string>

#include "backends/opencl/driver/inventory.h"
#include "kernels/op.h"

namespace motley::opencl {

// What the kernels compute in: the int8 arithmetic class of op.h, or floats throughout
// (MOTLEY_KERNELS=ref).
enum class Arithmetic { kInteger, kFloat };

struct Flavour {
  KernelClass kernels = KernelClass::kItem;
  Arithmetic arithmetic = Arithmetic::kInteger;
};

// Rows of x per work-item or group of the mul_mat kernels "mul_mat_1", "mul_mat_4", "mul_mat_8".
inline constexpr int kProductRows[] = {1, 4, 8};

// All ops but products and look-ups of weights: "add", "glu", "rms_norm", "rope", "quantize",
// "get_rows_dense", "store_kv_f16", "store_kv_f32", "attention_f16", "attention_f32".
std::string CoreSource(Flavour flavour);
std::string MulMatSource(TensorType weight, Flavour flavour);
std::string GetRowsSource(TensorType table, Flavour flavour);  // "get_rows"

// Differs whenever a kernel or its flavour does: "item-0123456789abcdef".
std::string BuildId(Flavour flavour);

}  // namespace motley::opencl
