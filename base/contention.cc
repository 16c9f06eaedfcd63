#include "base/contention.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/clock.h"

namespace motley {

int64_t WaitedForCoresNs() {
  int64_t total = 0;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::ifstream stat(task.path() / "schedstat");
    int64_t ran = 0, waited = 0;
    if (stat >> ran >> waited) total += waited;
  }
  return total;
}

int64_t OthersUsedCoresNs() {
  std::ifstream stat("/proc/stat");
  std::string name;
  int64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0;
  if (!(stat >> name >> user >> nice >> system >> idle >> wait >> irq >> softirq >> steal))
    return 0;
  timespec own{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  const int64_t tick_ns = 1'000'000'000 / sysconf(_SC_CLK_TCK);
  return (user + nice + system + irq + softirq + steal) * tick_ns -
         (own.tv_sec * int64_t{1'000'000'000} + own.tv_nsec);
}

double CorePace::Slowdown() {
  constexpr int kAdditions = 60'000;
  const int64_t start = RealClock().NowNs();
  uint64_t sum = 0;
  for (int i = 0; i < kAdditions; ++i) {
    sum += static_cast<uint64_t>(i);
    asm volatile("" : "+r"(sum));  // each waits for the one before
  }
  const auto took = std::max(static_cast<double>(RealClock().NowNs() - start), 1.0);
  best_ns_ = best_ns_ > 0 ? std::min(best_ns_, took) : took;
  return took / best_ns_;
}

}  // namespace motley
