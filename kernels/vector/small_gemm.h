#pragma once
// A matrix product small enough for the caches, in registers over the vector of avx2.h or avx512.h,
// which is included before. Every value of C is one chain of fused multiply-adds over k in rising
// order, whatever the blocking, so a row has the same bits alone and among others. Unnamed
// namespace.

namespace motley {
namespace {

struct GemmOperands {
  const float* a;  // [rows][k], rows `a_stride` apart
  int64_t a_stride;
  const float* b;  // [k][columns], rows `b_stride` apart
  int64_t b_stride;
  float* c;  // [rows][columns]
  int64_t c_stride;
};

// kGemmRows * kGemmVectors sums, a row of b and a value of a fill the registers (32 of AVX-512, 16
// of AVX2).
inline constexpr int kGemmRows = 6;
inline constexpr int kGemmVectors = kLanes == 16 ? 4 : 2;

enum class GemmStart { kZero, kC };

template <int kRows, int kVectors, GemmStart kStart>
inline void GemmBlock(const GemmOperands& o, int64_t k_first, int64_t k_last) {
  Vec sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = kStart == GemmStart::kZero ? Zero() : Load(o.c + r * o.c_stride + v * kLanes);
    }
  }
  const float* b = o.b + k_first * o.b_stride;
  for (int64_t k = k_first; k < k_last; ++k, b += o.b_stride) {
    Vec row[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) row[v] = Load(b + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vec a = Set(o.a[r * o.a_stride + k]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = Fma(a, row[v], sums[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) Store(o.c + r * o.c_stride + v * kLanes, sums[r][v]);
  }
}

template <int kVectors, GemmStart kStart>
inline void GemmRows(const GemmOperands& o, int rows, int64_t k_first, int64_t k_last) {
  switch (rows) {
    case 1:
      return GemmBlock<1, kVectors, kStart>(o, k_first, k_last);
    case 2:
      return GemmBlock<2, kVectors, kStart>(o, k_first, k_last);
    case 3:
      return GemmBlock<3, kVectors, kStart>(o, k_first, k_last);
    case 4:
      return GemmBlock<4, kVectors, kStart>(o, k_first, k_last);
    case 5:
      return GemmBlock<5, kVectors, kStart>(o, k_first, k_last);
    default:
      return GemmBlock<6, kVectors, kStart>(o, k_first, k_last);
  }
}

// C = (0 or C) + A B over k in [k_first, k_last), for 1 to kGemmRows rows and `vectors` whole
// vectors of columns.
template <GemmStart kStart>
inline void SmallGemm(GemmOperands o, int rows, int vectors, int64_t k_first, int64_t k_last) {
  // Even shares: 5 vectors are 3 + 2 and not 4 + 1, which would leave one to wait for its own sums.
  const int blocks = (vectors + kGemmVectors - 1) / kGemmVectors;
  for (int left = blocks; left > 0; --left) {
    const int width = (vectors + left - 1) / left;
    switch (width) {
      case 1:
        GemmRows<1, kStart>(o, rows, k_first, k_last);
        break;
      case 2:
        GemmRows<2, kStart>(o, rows, k_first, k_last);
        break;
      case 3:
        GemmRows<kGemmVectors == 4 ? 3 : 2, kStart>(o, rows, k_first, k_last);
        break;
      default:
        GemmRows<kGemmVectors, kStart>(o, rows, k_first, k_last);
        break;
    }
    vectors -= width;
    o.b += width * kLanes;
    o.c += width * kLanes;
  }
}

}  // namespace
}  // namespace motley
