#pragma once
// What a level of instructions contributes to mul_mat: kernels for one tile of 32 weight rows and
// up to 8 rows of x. Everything else (tiles, threads, ragged ends) is loops.h, once for all levels.
// Stateless; any thread.

#include <cstddef>
#include <cstdint>

#include "kernels/mul_mat/packed.h"
#include "kernels/quantize/quantize.h"

namespace motley {

// 2 zmm of columns x 8 rows of accumulators take half of AVX-512's registers, and M = 8, 16, 512
// divide evenly.
inline constexpr int kMaxRows = 8;

// Quantised activations of R <= 8 rows, per block of 32: R times 32 int8, then R float scales.
inline constexpr int kBlockBytes = 36;  // per row

// What a type needs beside the dot product of its unsigned quants, as one number per row and block
// of activations: the float d * sum for a min, or the integer -zero * sum at which the dot product
// starts.
enum class Correction : uint8_t { kMin, kZero8, kZero16, kZero128, kZero32 };
inline constexpr int kCorrections = 5;
constexpr Correction CorrectionOf(TensorType type) {
  if (HasMin(type)) return Correction::kMin;
  switch (ZeroPoint(type)) {
    case 8:
      return Correction::kZero8;
    case 16:
      return Correction::kZero16;
    case 32:
      return Correction::kZero32;
    default:
      return Correction::kZero128;
  }
}
// Q6_K has scales for 16 values: one number for each half of the block, all rows' first halves
// first.
constexpr int CorrectionBytes(Correction c) { return c == Correction::kZero32 ? 8 : 4; }

struct MicroCall {
  const uint8_t* weights;     // of the tile, at the first step; the start of a group
  int64_t steps;              // blocks of 32 (whole groups), or values for a float type
  const uint8_t* x;           // activations at the first step: blocks, or floats of a float type
  const uint8_t* correction;  // likewise; null for a float type
  int64_t x_stride;           // values between rows of a float x
  float* y;                   // 32 columns
  int64_t y_stride;
  int rows;       // 1..8
  bool first;     // sums start at zero rather than at y
  bool prefetch;  // the weights come from memory
};
// y (+)= x * weights^T. Per output, in order of the blocks: y += (dot * scale) * d, then y += min *
// (d * sum) where the type has a min, each += one fused operation. Thus neither `rows` nor where a
// call begins and ends changes a bit.
using MicroKernel = void (*)(const MicroCall& call);

// Unpacks whole groups of a tile so that many rows of x share the work. Per block: [8 steps][32
// rows][4 bytes], float scales [1 or 2][32], float mins [32] if any; for a float type [values][32
// floats].
using ExpandFunction = void (*)(const uint8_t* weights, int64_t steps, uint8_t* out);
constexpr int ExpandedBytes(TensorType type) {  // per step
  if (!IsQuantized(type)) return 128;
  const PackedLayout layout = PackedLayoutOf(type);
  return 1024 + 128 * layout.scales + (layout.min ? 128 : 0);
}

// The kernels of a level by type and rows - 1. A type without `expand` always goes the direct way.
struct MicroKernels {
  QuantizeFunction quantize = nullptr;
  MicroKernel direct[kTensorTypes][kMaxRows] = {};
  MicroKernel expanded[kTensorTypes][kMaxRows] = {};
  ExpandFunction expand[kTensorTypes] = {};
};

// Each adds its part to a table.
void AddQuantScalar(MicroKernels& table);
void AddQuantAvx2(MicroKernels& table);
void AddQuantAvx512(MicroKernels& table);
void AddQuantAvx512Vnni(MicroKernels& table);
void AddFloatScalar(MicroKernels& table);
void AddFloatAvx2(MicroKernels& table);
void AddFloatAvx512(MicroKernels& table);

}  // namespace motley
