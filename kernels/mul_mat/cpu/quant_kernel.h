#pragma once
// The micro-kernel for quantised weights, once for all vector instructions: a tile of 32 columns
// times R rows of x. A level gives it `Isa` (avx2.h, avx512.h) and `Dot`, how products of bytes are
// summed. For kernel files only; since Isa has internal linkage, so has all of this (see
// operand.h).

#include "kernels/mul_mat/cpu/micro.h"

#define MOTLEY_INLINE [[gnu::always_inline]] static inline

namespace motley {

// Where weights come from: the packed stream of a type. `part` is a vector's share of the 32 rows.
template <class Isa, TensorType kType>
struct PackedWeights {
  using Int = typename Isa::Int;
  using Float = typename Isa::Float;
  static constexpr PackedLayout kLayout = PackedLayoutOf(kType);
  static constexpr int kBits = kLayout.bits, kScales = kLayout.scales;
  static constexpr int kGroupBlocks = kLayout.GroupBlocks(), kHeader = kLayout.Header();
  static constexpr int kBytes = kLayout.BlockBytes();
  static constexpr bool kMin = kLayout.min;

  // The four quants of step j for every row of the part.
  MOTLEY_INLINE Int Quants(const uint8_t* block, int j, int part) {
    const int at = 4 * Isa::kLanes * part;
    if constexpr (kBits == 8) return Isa::Load(block + 128 * j + at);
    const Int raw = Isa::Load(block + 128 * (j % 4) + at);
    const Int low = j < 4 ? Isa::LowNibbles(raw) : Isa::HighNibbles(raw);
    const uint8_t* high = block + kLayout.HighAt();
    if constexpr (kBits == 5) return Isa::AddFifthBits(low, high + 16 * j + Isa::kLanes / 2 * part);
    if constexpr (kBits == 6)
      return Isa::AddHighBits(low, Isa::Load(high + 128 * (j / 4) + at), j % 4);
    return low;
  }
  MOTLEY_INLINE Float Scale(const uint8_t* head, const uint8_t* block, int half, int part) {
    const int lane = Isa::kLanes * part;
    const uint8_t* scales = block + kLayout.ScalesAt();
    if constexpr (!kLayout.super) return Isa::Halfs(scales + 2 * lane);
    return Isa::Mul(Isa::Halfs(head + 2 * lane), Isa::Bytes(scales + 32 * half + lane));
  }
  MOTLEY_INLINE Float Min(const uint8_t* head, const uint8_t* block, int part) {
    const int lane = Isa::kLanes * part;
    const uint8_t* mins = block + kLayout.MinsAt();
    if constexpr (!kLayout.super) return Isa::Halfs(mins + 2 * lane);
    return Isa::Mul(Isa::Halfs(head + 64 + 2 * lane), Isa::Bytes(mins + lane));
  }
};

// The same after Expand below.
template <class Isa, int kScaleCount, bool kHasMin>
struct ExpandedWeights {
  using Int = typename Isa::Int;
  using Float = typename Isa::Float;
  static constexpr int kBits = 8, kScales = kScaleCount, kGroupBlocks = 1, kHeader = 0;
  static constexpr int kBytes = 1024 + 128 * kScales + (kHasMin ? 128 : 0);
  static constexpr bool kMin = kHasMin;

  MOTLEY_INLINE Int Quants(const uint8_t* block, int j, int part) {
    return Isa::Load(block + 128 * j + 4 * Isa::kLanes * part);
  }
  MOTLEY_INLINE Float Scale(const uint8_t*, const uint8_t* block, int half, int part) {
    return Isa::LoadFloats(block + 1024 + 128 * half + 4 * Isa::kLanes * part);
  }
  MOTLEY_INLINE Float Min(const uint8_t*, const uint8_t* block, int part) {
    return Isa::LoadFloats(block + 1024 + 128 * kScales + 4 * Isa::kLanes * part);
  }
};

// The sums of R rows, in registers or in L1: they are touched once per block, and more rows at a
// time hide the latency of the dot products better than fewer with all in registers.
template <class Isa, int R, bool kInMemory>
struct Sums {
  typename Isa::Float v[R][Isa::kParts];
  MOTLEY_INLINE typename Isa::Float Get(const Sums& s, int r, int part) { return s.v[r][part]; }
  MOTLEY_INLINE void Set(Sums& s, int r, int part, typename Isa::Float x) { s.v[r][part] = x; }
};
template <class Isa, int R>
struct Sums<Isa, R, true> {
  alignas(64) uint8_t v[R][4 * kTileRows];
  MOTLEY_INLINE typename Isa::Float Get(const Sums& s, int r, int part) {
    return Isa::LoadFloats(s.v[r] + 4 * Isa::kLanes * part);
  }
  MOTLEY_INLINE void Set(Sums& s, int r, int part, typename Isa::Float x) {
    Isa::StoreFloats(s.v[r] + 4 * Isa::kLanes * part, x);
  }
};

// A block's operands.
struct BlockOfTile {
  const uint8_t* head;
  const uint8_t* weights;
  const uint8_t* x;
  const uint8_t* correction;
};

template <class Isa, template <int> class Dot, class W, int R>
struct QuantKernel {
  using Int = typename Isa::Int;
  using Float = typename Isa::Float;
  using S = Sums<Isa, R, (R > Isa::kRegisterRows)>;
  static constexpr int kParts = Isa::kPartsAtOnce;

  // kCount rows from kFirst on, kParts vectors of columns from `part` on.
  template <int kFirst, int kCount>
  MOTLEY_INLINE void AddRows(const BlockOfTile& b, int part, S& sums) {
    const uint8_t* d = b.x + 32 * R;
#pragma GCC unroll 2
    for (int half = 0; half < W::kScales; ++half) {
      Dot<W::kBits> dot[kCount][kParts];
#pragma GCC unroll 8
      for (int r = 0; r < kCount; ++r) {
        const Int start =
            W::kMin ? Isa::Zero() : Isa::Spread(b.correction + 4 * (R * half + kFirst + r));
#pragma GCC unroll 4
        for (int p = 0; p < kParts; ++p) dot[r][p].Start(start);
      }
      constexpr int kSteps = 8 / W::kScales;
#pragma GCC unroll 8
      for (int j = 0; j < kSteps; ++j) {
        const int step = half * kSteps + j;
        Int w[kParts];
#pragma GCC unroll 4
        for (int p = 0; p < kParts; ++p) w[p] = W::Quants(b.weights, step, part + p);
#pragma GCC unroll 8
        for (int r = 0; r < kCount; ++r) {
          const Int x = Isa::Spread(b.x + 32 * (kFirst + r) + 4 * step);
#pragma GCC unroll 4
          for (int p = 0; p < kParts; ++p) dot[r][p].Step(j, w[p], x);
        }
      }
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        const Float scale = W::Scale(b.head, b.weights, half, part + p);
#pragma GCC unroll 8
        for (int r = 0; r < kCount; ++r) {
          const Float sum = S::Get(sums, kFirst + r, part + p);
          const Float scaled = Isa::Mul(Isa::ToFloat(dot[r][p].Total()), scale);
          S::Set(sums, kFirst + r, part + p,
                 Isa::Fma(scaled, Isa::SpreadFloat(d + 4 * (kFirst + r)), sum));
        }
      }
    }
    if constexpr (W::kMin) AddMins<kFirst, kCount>(b, part, sums);
  }

  template <int kFirst, int kCount>
  MOTLEY_INLINE void AddMins(const BlockOfTile& b, int part, S& sums) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const Float min = W::Min(b.head, b.weights, part + p);
#pragma GCC unroll 8
      for (int r = kFirst; r < kFirst + kCount; ++r) {
        const Float d_sum = Isa::SpreadFloat(b.correction + 4 * r);
        S::Set(sums, r, part + p, Isa::Fma(min, d_sum, S::Get(sums, r, part + p)));
      }
    }
  }

  template <int kFirst = 0>
  MOTLEY_INLINE void AddBlock(const BlockOfTile& b, int part, S& sums) {
    constexpr int kLeft = R - kFirst;
    constexpr int kCount = kLeft < Isa::kRowsAtOnce ? kLeft : Isa::kRowsAtOnce;
    AddRows<kFirst, kCount>(b, part, sums);
    if constexpr (kCount < kLeft) AddBlock<kFirst + kCount>(b, part, sums);
  }

  template <class F>
  MOTLEY_INLINE void ForSums(F&& f) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int part = 0; part < Isa::kParts; ++part) f(r, part);
    }
  }

  static void Run(const MicroCall& call) {
    S sums;
    const auto y = [&](int r, int part) {
      return reinterpret_cast<uint8_t*>(call.y + r * call.y_stride + Isa::kLanes * part);
    };
    ForSums([&](int r, int part) {
      S::Set(sums, r, part, call.first ? Isa::ToFloat(Isa::Zero()) : Isa::LoadFloats(y(r, part)));
    });
    BlockOfTile b{call.weights, call.weights, call.x, call.correction};
    for (int64_t group = call.steps / W::kGroupBlocks; group > 0; --group) {
      b.head = b.weights;
      b.weights += W::kHeader;
      for (int i = 0; i < W::kGroupBlocks; ++i) {
        if (call.prefetch) {
#pragma GCC unroll 20
          for (int at = 0; at < W::kBytes; at += 64) {
            __builtin_prefetch(b.weights + kPrefetchBytes + at, 0, 3);
          }
        }
#pragma GCC unroll 4
        for (int part = 0; part < Isa::kParts; part += kParts) AddBlock(b, part, sums);
        b.weights += W::kBytes;
        b.x += R * kBlockBytes;
        b.correction += R * (W::kScales == 2 ? 8 : 4);
      }
    }
    ForSums([&](int r, int part) { Isa::StoreFloats(y(r, part), S::Get(sums, r, part)); });
  }
};

// Unpacks blocks of a tile for ExpandedWeights.
template <class Isa, TensorType kType>
void Expand(const uint8_t* weights, int64_t steps, uint8_t* out) {
  using W = PackedWeights<Isa, kType>;
  for (int64_t group = steps / W::kGroupBlocks; group > 0; --group) {
    const uint8_t* head = weights;
    weights += W::kHeader;
    for (int b = 0; b < W::kGroupBlocks; ++b, weights += W::kBytes, out += ExpandedBytes(kType)) {
#pragma GCC unroll 4
      for (int part = 0; part < Isa::kParts; ++part) {
        const int at = 4 * Isa::kLanes * part;
#pragma GCC unroll 8
        for (int j = 0; j < 8; ++j) Isa::Store(out + 128 * j + at, W::Quants(weights, j, part));
        for (int half = 0; half < W::kScales; ++half) {
          Isa::StoreFloats(out + 1024 + 128 * half + at, W::Scale(head, weights, half, part));
        }
        if constexpr (W::kMin) {
          Isa::StoreFloats(out + 1024 + 128 * W::kScales + at, W::Min(head, weights, part));
        }
      }
    }
  }
}

// Sums for CPUs that multiply bytes to pairs of 16 bits: as many steps stay in 16 bits as cannot
// saturate there. 8-bit quants, 128 too large, cannot even once: Isa::MaddubsBiased takes the bias
// off and moves the sign over to x.
template <class Isa, int kBits>
struct MaddubsDot {
  // Most of steps * 2 * (2^bits - 1) * 127 that stays below 2^15.
  static constexpr int kFold = kBits == 4 ? 8 : kBits == 5 ? 4 : kBits == 6 ? 2 : 1;
  using Int = typename Isa::Int;
  Int narrow, wide;

  [[gnu::always_inline]] void Start(Int start) {
    narrow = Isa::Zero();
    wide = kBits == 8 ? Isa::Zero() : start;
  }
  [[gnu::always_inline]] void Step(int j, Int w, Int x) {
    const Int pairs = kBits == 8 ? Isa::MaddubsBiased(w, x) : Isa::Maddubs(w, x);
    narrow = j % kFold == 0 ? pairs : Isa::Add16(narrow, pairs);
    if (j % kFold == kFold - 1) wide = Isa::Add32(wide, Isa::AddPairs(narrow));
  }
  [[gnu::always_inline]] Int Total() const { return wide; }
};

template <class Isa, template <int> class Dot, class W>
void AddRowsOf(MicroKernel (&entries)[kMaxRows]) {
  entries[0] = QuantKernel<Isa, Dot, W, 1>::Run;
  entries[1] = QuantKernel<Isa, Dot, W, 2>::Run;
  entries[2] = QuantKernel<Isa, Dot, W, 3>::Run;
  entries[3] = QuantKernel<Isa, Dot, W, 4>::Run;
  entries[4] = QuantKernel<Isa, Dot, W, 5>::Run;
  entries[5] = QuantKernel<Isa, Dot, W, 6>::Run;
  entries[6] = QuantKernel<Isa, Dot, W, 7>::Run;
  entries[7] = QuantKernel<Isa, Dot, W, 8>::Run;
}

template <class Isa, template <int> class Dot>
void AddDirectQuants(MicroKernels& table) {
  const auto at = [&](TensorType type) -> auto& { return table.direct[static_cast<int>(type)]; };
  using enum TensorType;
  AddRowsOf<Isa, Dot, PackedWeights<Isa, kQ8_0>>(at(kQ8_0));
  AddRowsOf<Isa, Dot, PackedWeights<Isa, kQ4_0>>(at(kQ4_0));
  AddRowsOf<Isa, Dot, PackedWeights<Isa, kQ4_1>>(at(kQ4_1));
  AddRowsOf<Isa, Dot, PackedWeights<Isa, kQ5_0>>(at(kQ5_0));
  AddRowsOf<Isa, Dot, PackedWeights<Isa, kQ5_1>>(at(kQ5_1));
  AddRowsOf<Isa, Dot, PackedWeights<Isa, kQ4_K>>(at(kQ4_K));
  AddRowsOf<Isa, Dot, PackedWeights<Isa, kQ5_K>>(at(kQ5_K));
  AddRowsOf<Isa, Dot, PackedWeights<Isa, kQ6_K>>(at(kQ6_K));
}

}  // namespace motley
