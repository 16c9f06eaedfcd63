#include "kernels/mul_mat/cpu/avx512.h"
#include "kernels/mul_mat/cpu/float_kernel.h"
#include "kernels/mul_mat/cpu/quant_kernel.h"

namespace motley {
namespace {

template <int kBits>
using Dot = MaddubsDot<Avx512, kBits>;

}  // namespace

void AddAvx512(MicroKernels& table) {
  AddDirectQuants<Avx512, Dot>(table);
  AddFloats<Avx512>(table);
  table.quantize = QuantizeAvx512;
}

}  // namespace motley
