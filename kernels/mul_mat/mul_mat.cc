#include "kernels/mul_mat/mul_mat.h"

#include "kernels/mul_mat/cpu/loops.h"
#include "kernels/mul_mat/cpu/micro.h"
#include "kernels/mul_mat/mul_mat_ref.h"

namespace motley {
namespace {

// Every level replaces what it does better than the one below.
MicroKernels MakeTable(CpuLevel level) {
  MicroKernels table;
  AddScalar(table);
  if (level >= CpuLevel::kAvx2) AddAvx2(table);
  if (level >= CpuLevel::kAvx512) AddAvx512(table);
  if (level >= CpuLevel::kVnni) AddAvx512Vnni(table);
  return table;
}

// Made at the first use: filling a level's table already takes that level's instructions.
template <CpuLevel kLevel>
const MicroKernels& Table() {
  static const MicroKernels table = MakeTable(kLevel);
  return table;
}

template <CpuLevel kLevel>
void MulMat(const op::MulMat<Tensor>& call, Team& team) {
  RunMulMat(Table<kLevel>(), call, team);
}

}  // namespace

const MicroKernels& MulMatMicroKernels(CpuLevel level) {
  switch (level) {
    case CpuLevel::kAvx2:
      return Table<CpuLevel::kAvx2>();
    case CpuLevel::kAvx512:
      return Table<CpuLevel::kAvx512>();
    case CpuLevel::kVnni:
      return Table<CpuLevel::kVnni>();
    default:
      return Table<CpuLevel::kScalar>();
  }
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
