#pragma once
// What a level of instructions contributes to mul_mat: kernels for one tile of 32 weight rows and
// up to 8 rows of x. Everything else (tiles, threads, ragged ends) is loops.h, once for all levels.
// Stateless; any thread.

#include <cstddef>
#include <cstdint>

#include "kernels/mul_mat/packed.h"
#include "kernels/quantize/activations.h"

namespace motley {

// How far ahead kernels prefetch the stream of packed weights. Sapphire Rapids, huge pages, one
// thread, M = 1: 19 GB/s, as with 1 or 3 KiB; 4 KiB give 16.5 and 5 KiB 15.3.
inline constexpr int kPrefetchBytes = 2048;

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

// Unpacks whole groups of a tile of a quantised type so that many rows of x share the work. Per
// block: [8 steps][32 rows][4 bytes], float scales [1 or 2][32], float mins [32] if any.
using ExpandFunction = void (*)(const uint8_t* weights, int64_t blocks, uint8_t* out);
inline constexpr int ExpandedBytes(TensorType type) {  // per block
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

// Each adds its part to a table. VNNI adds the quantised types only.
void AddScalar(MicroKernels& table);
void AddAvx2(MicroKernels& table);
void AddAvx512(MicroKernels& table);
void AddAvx512Vnni(MicroKernels& table);

}  // namespace motley
