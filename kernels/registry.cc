#include "kernels/registry.h"

#include <array>

#include "kernels/add/add.h"
#include "kernels/attention/attention.h"
#include "kernels/get_rows/get_rows.h"
#include "kernels/glu/glu.h"
#include "kernels/mul_mat/mul_mat.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rope/rope.h"
#include "kernels/store_kv/store_kv.h"

namespace motley {
namespace {

constexpr std::array<const char*, kCpuLevels> kNames = {"ref", "scalar", "avx2", "avx512", "vnni"};

CpuKernelTable MakeTable(CpuLevel level) {
  return {.get_rows = GetRowsKernel(level),
          .rms_norm = RmsNormKernel(level),
          .mul_mat = MulMatKernel(level),
          .rope = RopeKernel(level),
          .store_kv = StoreKvKernel(level),
          .attention = AttentionKernel(level),
          .add = AddKernel(level),
          .glu = GluKernel(level)};
}

// Only AVX-512 matters to ops without integer products, so VNNI is the same as it.
template <template <class> class Op>
CpuKernel<Op> Choose(CpuLevel level, CpuKernel<Op> ref, CpuKernel<Op> avx2, CpuKernel<Op> avx512) {
  if (level >= CpuLevel::kAvx512) return avx512;
  return level == CpuLevel::kAvx2 ? avx2 : ref;
}

bool HasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}

bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

}  // namespace

CpuKernel<op::Add> AddKernel(CpuLevel level) {
  return Choose<op::Add>(level, AddRef, AddAvx2, AddAvx512);
}
CpuKernel<op::Glu> GluKernel(CpuLevel level) {
  return Choose<op::Glu>(level, GluRef, GluAvx2, GluAvx512);
}
CpuKernel<op::RmsNorm> RmsNormKernel(CpuLevel level) {
  return Choose<op::RmsNorm>(level, RmsNormRef, RmsNormAvx2, RmsNormAvx512);
}
CpuKernel<op::Rope> RopeKernel(CpuLevel level) {
  return Choose<op::Rope>(level, RopeRef, RopeAvx2, RopeAvx512);
}
CpuKernel<op::StoreKv> StoreKvKernel(CpuLevel level) {
  return Choose<op::StoreKv>(level, StoreKvRef, StoreKvAvx2, StoreKvAvx512);
}
CpuKernel<op::Attention> AttentionKernel(CpuLevel level) {
  return Choose<op::Attention>(level, AttentionRef, AttentionAvx2, AttentionAvx512);
}

const char* CpuLevelName(CpuLevel level) { return kNames[static_cast<size_t>(level)]; }

std::optional<CpuLevel> CpuLevelFromName(std::string_view name) {
  for (int i = 0; i < kCpuLevels; ++i) {
    if (name == kNames[static_cast<size_t>(i)]) return static_cast<CpuLevel>(i);
  }
  return std::nullopt;
}

bool CpuHasLevel(CpuLevel level) {
  switch (level) {
    case CpuLevel::kRef:
    case CpuLevel::kScalar:
      return true;
    case CpuLevel::kAvx2:
      return HasAvx2();
    case CpuLevel::kAvx512:
      return HasAvx512();
    case CpuLevel::kVnni:
      return HasAvx512() && __builtin_cpu_supports("avx512vnni");
  }
  return false;
}

CpuLevel BestCpuLevel() {
  CpuLevel best = CpuLevel::kScalar;
  for (const CpuLevel level : {CpuLevel::kAvx2, CpuLevel::kAvx512, CpuLevel::kVnni}) {
    if (CpuHasLevel(level)) best = level;
  }
  return best;
}

const CpuKernelTable& CpuKernels(CpuLevel level) {
  static const std::array<CpuKernelTable, kCpuLevels> tables = {
      MakeTable(CpuLevel::kRef), MakeTable(CpuLevel::kScalar), MakeTable(CpuLevel::kAvx2),
      MakeTable(CpuLevel::kAvx512), MakeTable(CpuLevel::kVnni)};
  return tables[static_cast<size_t>(level)];
}

void RunOp(const CpuKernelTable& kernels, const OpCall& call, Team& team) {
  struct Runner {
    const CpuKernelTable& kernels;
    Team& team;
    void operator()(const op::GetRows<Tensor>& c) const { kernels.get_rows(c, team); }
    void operator()(const op::RmsNorm<Tensor>& c) const { kernels.rms_norm(c, team); }
    void operator()(const op::MulMat<Tensor>& c) const { kernels.mul_mat(c, team); }
    void operator()(const op::Rope<Tensor>& c) const { kernels.rope(c, team); }
    void operator()(const op::StoreKv<Tensor>& c) const { kernels.store_kv(c, team); }
    void operator()(const op::Attention<Tensor>& c) const { kernels.attention(c, team); }
    void operator()(const op::Add<Tensor>& c) const { kernels.add(c, team); }
    void operator()(const op::Glu<Tensor>& c) const { kernels.glu(c, team); }
  };
  std::visit(Runner{kernels, team}, call);
}

}  // namespace motley
