#include "kernels/mul_mat/mul_mat.h"

#include "kernels/mul_mat/loops.h"
#include "kernels/mul_mat/micro.h"
#include "kernels/mul_mat/mul_mat_ref.h"

namespace motley {
namespace {

MicroKernels MakeTable(CpuLevel) {
  MicroKernels table;
  table.quantize = QuantizeScalar;
  AddQuantScalar(table);
  AddFloatScalar(table);
  return table;
}

template <CpuLevel kLevel>
void MulMat(const op::MulMat<Tensor>& call, Team& team) {
  RunMulMat(MulMatMicroKernels(kLevel), call, team);
}

}  // namespace

const MicroKernels& MulMatMicroKernels(CpuLevel level) {
  static const MicroKernels kTables[] = {MakeTable(CpuLevel::kScalar), MakeTable(CpuLevel::kScalar),
                                         MakeTable(CpuLevel::kAvx2), MakeTable(CpuLevel::kAvx512),
                                         MakeTable(CpuLevel::kVnni)};
  return kTables[static_cast<int>(level)];
}

CpuKernel<op::MulMat> MulMatKernel(CpuLevel level) {
  switch (level) {
    case CpuLevel::kRef:
      return MulMatRef;
    case CpuLevel::kScalar:
      return MulMat<CpuLevel::kScalar>;
    case CpuLevel::kAvx2:
      return MulMat<CpuLevel::kAvx2>;
    case CpuLevel::kAvx512:
      return MulMat<CpuLevel::kAvx512>;
    case CpuLevel::kVnni:
      return MulMat<CpuLevel::kVnni>;
  }
  return MulMatRef;
}

}  // namespace motley
