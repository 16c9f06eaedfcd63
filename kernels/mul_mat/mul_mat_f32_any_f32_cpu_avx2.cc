#include "kernels/mul_mat/cpu/avx2.h"
#include "kernels/mul_mat/cpu/float_kernel.h"
#include "kernels/mul_mat/cpu/quant_kernel.h"

namespace motley {
namespace {

template <int kBits>
using Dot = MaddubsDot<Avx2, kBits>;

}  // namespace

void AddAvx2(MicroKernels& table) {
  AddDirectQuants<Avx2, Dot>(table);
  AddFloats<Avx2>(table);
  table.quantize = QuantizeAvx2;
}

}  // namespace motley
