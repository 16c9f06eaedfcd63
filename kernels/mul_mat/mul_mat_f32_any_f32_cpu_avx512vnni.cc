#include "kernels/mul_mat/cpu/avx512.h"
#include "kernels/mul_mat/cpu/quant_kernel.h"

namespace motley {
namespace {

struct Vnni : Avx512 {
  static constexpr int kPartsAtOnce = 2;
};

// One instruction multiplies and sums without saturating, whatever the bits.
template <int kBits>
struct Dot {
  __m512i sum;
  [[gnu::always_inline]] void Start(__m512i start) { sum = start; }
  [[gnu::always_inline]] void Step(int, __m512i w, __m512i x) {
    sum = _mm512_dpbusd_epi32(sum, w, x);
  }
  [[gnu::always_inline]] __m512i Total() const { return sum; }
};

template <TensorType kType>
void AddExpanded(MicroKernels& table) {
  constexpr PackedLayout kLayout = PackedLayoutOf(kType);
  using W = ExpandedWeights<Vnni, kLayout.scales, kLayout.min>;
  AddRowsOf<Vnni, Dot, W>(table.expanded[static_cast<int>(kType)]);
  table.expand[static_cast<int>(kType)] = Expand<Vnni, kType>;
}

}  // namespace

void AddAvx512Vnni(MicroKernels& table) {
  AddDirectQuants<Vnni, Dot>(table);
  using enum TensorType;
  AddExpanded<kQ8_0>(table);
  AddExpanded<kQ4_0>(table);
  AddExpanded<kQ4_1>(table);
  AddExpanded<kQ5_0>(table);
  AddExpanded<kQ5_1>(table);
  AddExpanded<kQ4_K>(table);
  AddExpanded<kQ5_K>(table);
  AddExpanded<kQ6_K>(table);
}

}  // namespace motley
