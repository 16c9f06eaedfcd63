#pragma once
// The micro-kernel for F32, F16 and BF16 weights, once for all vector instructions: a tile of 32
// columns times R rows of x, all sums in registers, one fused operation per value of k. For kernel
// files only; internal linkage by Isa.

#include "kernels/mul_mat/cpu/micro.h"

namespace motley {

template <class Isa, TensorType kType, int R>
struct FloatKernel {
  using Float = typename Isa::Float;
  static constexpr int kValueBytes = kType == TensorType::kF32 ? 4 : 2;
  static constexpr int kParts = Isa::kFloatPartsAtOnce;

  [[gnu::always_inline]] static inline Float Load(const uint8_t* column, int part) {
    const uint8_t* p = column + kValueBytes * Isa::kLanes * part;
    if constexpr (kType == TensorType::kF32) return Isa::LoadFloats(p);
    if constexpr (kType == TensorType::kF16) return Isa::Halfs(p);
    return Isa::BFloats(p);
  }

  template <int kFirst, int kCount>
  [[gnu::always_inline]] static inline void MultiplyRows(const MicroCall& call, int part) {
    const auto y = [&](int r, int p) {
      return reinterpret_cast<uint8_t*>(call.y + (kFirst + r) * call.y_stride +
                                        Isa::kLanes * (part + p));
    };
    Float sums[kCount][kParts];
#pragma GCC unroll 8
    for (int r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        sums[r][p] = call.first ? Isa::ToFloat(Isa::Zero()) : Isa::LoadFloats(y(r, p));
      }
    }
    const uint8_t* column = call.weights;
    const uint8_t* x = call.x + 4 * kFirst * call.x_stride;
    for (int64_t k = 0; k < call.steps; ++k, column += kTileRows * kValueBytes, x += 4) {
      if (call.prefetch) __builtin_prefetch(column + kPrefetchBytes, 0, 3);
      Float w[kParts];
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) w[p] = Load(column, part + p);
#pragma GCC unroll 8
      for (int r = 0; r < kCount; ++r) {
        const Float value = Isa::SpreadFloat(x + 4 * r * call.x_stride);
#pragma GCC unroll 4
        for (int p = 0; p < kParts; ++p) sums[r][p] = Isa::Fma(w[p], value, sums[r][p]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) Isa::StoreFloats(y(r, p), sums[r][p]);
    }
  }

  template <int kFirst = 0>
  [[gnu::always_inline]] static inline void AllRows(const MicroCall& call, int part) {
    constexpr int kLeft = R - kFirst;
    constexpr int kCount = kLeft < Isa::kRowsAtOnce ? kLeft : Isa::kRowsAtOnce;
    MultiplyRows<kFirst, kCount>(call, part);
    if constexpr (kCount < kLeft) AllRows<kFirst + kCount>(call, part);
  }

  static void Run(const MicroCall& call) {
    for (int part = 0; part < Isa::kParts; part += kParts) AllRows(call, part);
  }
};

template <class Isa, TensorType kType>
void AddFloatRows(MicroKernel (&entries)[kMaxRows]) {
  entries[0] = FloatKernel<Isa, kType, 1>::Run;
  entries[1] = FloatKernel<Isa, kType, 2>::Run;
  entries[2] = FloatKernel<Isa, kType, 3>::Run;
  entries[3] = FloatKernel<Isa, kType, 4>::Run;
  entries[4] = FloatKernel<Isa, kType, 5>::Run;
  entries[5] = FloatKernel<Isa, kType, 6>::Run;
  entries[6] = FloatKernel<Isa, kType, 7>::Run;
  entries[7] = FloatKernel<Isa, kType, 8>::Run;
}

template <class Isa>
void AddFloats(MicroKernels& table) {
  using enum TensorType;
  const auto at = [](TensorType type) { return static_cast<int>(type); };
  AddFloatRows<Isa, kF32>(table.direct[at(kF32)]);
  AddFloatRows<Isa, kF16>(table.direct[at(kF16)]);
  AddFloatRows<Isa, kBF16>(table.direct[at(kBF16)]);
}

}  // namespace motley
