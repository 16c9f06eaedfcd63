#include "tests/bench/kernels/roof.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "kernels/registry.h"

namespace motley {
namespace {

double Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Twelve independent sums. Named registers: g++ 12 keeps an array of accumulators on the stack, and
// the "roof" so measured is a third of the real one.
void DotLoop(int64_t loops) {
  for (int64_t i = 0; i < loops; ++i) {
    asm volatile(
        "vpdpbusd %%zmm12, %%zmm13, %%zmm0\n vpdpbusd %%zmm12, %%zmm13, %%zmm1\n"
        "vpdpbusd %%zmm12, %%zmm13, %%zmm2\n vpdpbusd %%zmm12, %%zmm13, %%zmm3\n"
        "vpdpbusd %%zmm12, %%zmm13, %%zmm4\n vpdpbusd %%zmm12, %%zmm13, %%zmm5\n"
        "vpdpbusd %%zmm12, %%zmm13, %%zmm6\n vpdpbusd %%zmm12, %%zmm13, %%zmm7\n"
        "vpdpbusd %%zmm12, %%zmm13, %%zmm8\n vpdpbusd %%zmm12, %%zmm13, %%zmm9\n"
        "vpdpbusd %%zmm12, %%zmm13, %%zmm10\n vpdpbusd %%zmm12, %%zmm13, %%zmm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11");
  }
  asm volatile("vzeroupper");  // or SSE code stays slow for good
}

}  // namespace

double TimeCalls(int64_t calls, double quantile, const std::function<void(int64_t)>& body) {
  body(0);
  std::vector<double> times;
  for (int64_t i = 0; i < calls; ++i) {
    const double start = Now();
    body(i);
    times.push_back(Now() - start);
  }
  std::ranges::sort(times);
  return times[static_cast<size_t>(quantile * static_cast<double>(times.size() - 1))];
}

double VnniGops(Team& team, double quantile) {
  if (!CpuHasLevel(CpuLevel::kVnni)) return 0;
  constexpr int64_t kLoops = 50000;
  const double seconds =
      TimeCalls(25, quantile, [&](int64_t) { team.Run([](int) { DotLoop(kLoops); }); });
  return 12.0 * kLoops * 128 * team.threads() / seconds / 1e9;
}

double ReadGBps(Team& team, double quantile, const uint8_t* data, int64_t bytes) {
  constexpr int64_t kLine = 64, kAhead = 4096, kPiece = 1 << 20;
  const int64_t share = kPiece / team.threads() / kLine * kLine;
  const double seconds = TimeCalls(bytes / kPiece, quantile, [&](int64_t piece) {
    team.Run([&](int thread) {
      const uint8_t* p = data + piece * kPiece + thread * share;
      uint64_t sum = 0;
      for (int64_t at = 0; at < share; at += kLine) {
        __builtin_prefetch(p + at + kAhead, 0, 3);
        sum += *reinterpret_cast<const uint64_t*>(p + at);
      }
      asm volatile("" ::"r"(sum) : "memory");  // keeps the loads
    });
  });
  return static_cast<double>(share) * team.threads() / seconds / 1e9;
}

}  // namespace motley
