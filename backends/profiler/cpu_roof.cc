#include "backends/profiler/cpu_roof.h"

#include <algorithm>

#include "base/clock.h"
#include "kernels/registry.h"

namespace motley::profiler {
namespace {

#if defined(__x86_64__)

#define MOTLEY_TWELVE(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)
#define MOTLEY_CLOBBERS                                                                          \
  "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
      "xmm11", "xmm12", "xmm13"
// Twelve independent sums cover four cycles of latency on two units. All registers are zero: no
// number is slow to compute with. The upper halves go at the end, or SSE code stays slow.
#define MOTLEY_LOOP(ZERO, STEP, END) \
  asm volatile(MOTLEY_TWELVE(ZERO) ZERO(12) ZERO(13) "1:\n" MOTLEY_TWELVE(STEP) "dec %0\n"     \
                                                     "jnz 1b\n" END                            \
               : "+r"(loops)::MOTLEY_CLOBBERS)

#define MOTLEY_ZERO_Z(N) "vpxord %%zmm" #N ", %%zmm" #N ", %%zmm" #N "\n"
#define MOTLEY_ZERO_Y(N) "vpxor %%ymm" #N ", %%ymm" #N ", %%ymm" #N "\n"
#define MOTLEY_ZERO_X(N) "xorps %%xmm" #N ", %%xmm" #N "\n"
#define MOTLEY_FMA_Z(N) "vfmadd231ps %%zmm12, %%zmm13, %%zmm" #N "\n"
#define MOTLEY_FMA_Y(N) "vfmadd231ps %%ymm12, %%ymm13, %%ymm" #N "\n"
#define MOTLEY_ADD_X(N) "addps %%xmm12, %%xmm" #N "\n"
#define MOTLEY_DOT_Z(N) "vpdpbusd %%zmm12, %%zmm13, %%zmm" #N "\n"
#define MOTLEY_MADD_Y(N) "vpmaddubsw %%ymm12, %%ymm13, %%ymm" #N "\n"

void Fma512(int64_t loops) { MOTLEY_LOOP(MOTLEY_ZERO_Z, MOTLEY_FMA_Z, "vzeroupper\n"); }
void Fma256(int64_t loops) { MOTLEY_LOOP(MOTLEY_ZERO_Y, MOTLEY_FMA_Y, "vzeroupper\n"); }
void Add128(int64_t loops) { MOTLEY_LOOP(MOTLEY_ZERO_X, MOTLEY_ADD_X, ""); }
void Dot512(int64_t loops) { MOTLEY_LOOP(MOTLEY_ZERO_Z, MOTLEY_DOT_Z, "vzeroupper\n"); }
void Madd256(int64_t loops) { MOTLEY_LOOP(MOTLEY_ZERO_Y, MOTLEY_MADD_Y, "vzeroupper\n"); }

void Read512(const std::byte* from, int64_t loops) {
  asm volatile(
      "1:\n prefetcht0 4096(%0)\n prefetcht0 4160(%0)\n prefetcht0 4224(%0)\n"
      "prefetcht0 4288(%0)\n"
      "vmovdqu64 (%0), %%zmm0\n vmovdqu64 64(%0), %%zmm1\n vmovdqu64 128(%0), %%zmm2\n"
      "vmovdqu64 192(%0), %%zmm3\n add $256, %0\n dec %1\n jnz 1b\n vzeroupper\n"
      : "+r"(from), "+r"(loops)::"cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3");
}

void Read128(const std::byte* from, int64_t loops) {
  asm volatile(
      "1:\n prefetcht0 4096(%0)\n prefetcht0 4160(%0)\n prefetcht0 4224(%0)\n"
      "prefetcht0 4288(%0)\n"
      "movups (%0), %%xmm0\n movups 16(%0), %%xmm1\n movups 32(%0), %%xmm2\n"
      "movups 48(%0), %%xmm3\n movups 64(%0), %%xmm0\n movups 80(%0), %%xmm1\n"
      "movups 96(%0), %%xmm2\n movups 112(%0), %%xmm3\n movups 128(%0), %%xmm0\n"
      "movups 144(%0), %%xmm1\n movups 160(%0), %%xmm2\n movups 176(%0), %%xmm3\n"
      "movups 192(%0), %%xmm0\n movups 208(%0), %%xmm1\n movups 224(%0), %%xmm2\n"
      "movups 240(%0), %%xmm3\n add $256, %0\n dec %1\n jnz 1b\n"
      : "+r"(from), "+r"(loops)::"cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3");
}

// Ten multiplications, each waiting for the one before; three cycles on every x86-64 of this
// century's second decade.
void Chain(int64_t loops) {
  int64_t value = 1;
  asm volatile(
      "1:\n imul %1, %1\n imul %1, %1\n imul %1, %1\n imul %1, %1\n imul %1, %1\n"
      "imul %1, %1\n imul %1, %1\n imul %1, %1\n imul %1, %1\n imul %1, %1\n dec %0\n jnz 1b\n"
      : "+r"(loops), "+r"(value)::"cc");
}
constexpr double kCyclesPerChain = 30;

#endif

}  // namespace

#if defined(__x86_64__)

ArithmeticRoof FloatRoof() {
  if (CpuHasLevel(CpuLevel::kAvx512)) return {Fma512, 12 * 32, 32, 64, "vfmadd231ps zmm"};
  if (CpuHasLevel(CpuLevel::kAvx2)) return {Fma256, 12 * 16, 16, 32, "vfmadd231ps ymm"};
  return {Add128, 12 * 4, 4, 12, "addps xmm"};
}

ArithmeticRoof Int8Roof() {
  if (CpuHasLevel(CpuLevel::kVnni)) return {Dot512, 12 * 128, 128, 256, "vpdpbusd zmm"};
  if (CpuHasLevel(CpuLevel::kAvx2)) return {Madd256, 12 * 64, 64, 128, "vpmaddubsw ymm"};
  return {};
}

void ReadMemory(const std::byte* from, int64_t bytes) {
  (CpuHasLevel(CpuLevel::kAvx512) ? Read512 : Read128)(from, bytes / 256);
}

double CoreHz() {
  constexpr int64_t kLoops = 100'000;
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    const int64_t start = RealClock().NowNs();
    Chain(kLoops);
    const double seconds = SecondsBetween(start, RealClock().NowNs());
    best = std::max(best, kCyclesPerChain * kLoops / std::max(seconds, 1e-9));
  }
  return best;
}

#else

ArithmeticRoof FloatRoof() { return {}; }
ArithmeticRoof Int8Roof() { return {}; }
void ReadMemory(const std::byte*, int64_t) {}
double CoreHz() { return 0; }

#endif

}  // namespace motley::profiler
