#pragma once
// The CPU kernels by level: one table of functions per level, filled from the op folders. Functions
// are stateless and run on a Team that the caller owns; operands are host addresses (Tensor::handle
// + offset). Preconditions (shapes, types, alignment) are the caller's to check: backends/cpu's
// Supports.

#include <optional>
#include <string_view>

#include "kernels/op.h"
#include "kernels/team.h"

namespace motley {

// Rising order. kRef computes in float throughout, from weights dequantised to F32: the truth that
// the others are tested against. kScalar is the portable form of the integer arithmetic that all
// levels above share.
enum class CpuLevel { kRef, kScalar, kAvx2, kAvx512, kVnni };
inline constexpr int kCpuLevels = 5;

const char* CpuLevelName(CpuLevel level);  // "ref", "scalar", "avx2", "avx512", "vnni"
std::optional<CpuLevel> CpuLevelFromName(std::string_view name);
bool CpuHasLevel(CpuLevel level);  // by CPUID and what the OS saves
CpuLevel BestCpuLevel();

template <template <class> class Op>
using CpuKernel = void (*)(const Op<Tensor>& call, Team& team);

struct CpuKernelTable {
  CpuKernel<op::GetRows> get_rows;
  CpuKernel<op::RmsNorm> rms_norm;
  CpuKernel<op::MulMat> mul_mat;
  CpuKernel<op::Rope> rope;
  CpuKernel<op::StoreKv> store_kv;
  CpuKernel<op::Attention> attention;
  CpuKernel<op::Add> add;
  CpuKernel<op::Glu> glu;
};
const CpuKernelTable& CpuKernels(CpuLevel level);

// Runs the call with the table's function for its op.
void RunOp(const CpuKernelTable& kernels, const OpCall& call, Team& team);

}  // namespace motley
