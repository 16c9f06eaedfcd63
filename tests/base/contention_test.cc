#include "base/contention.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/clock.h"

namespace motley {
namespace {

TEST(WaitedForCores, GrowsWhenTwoThreadsShareOneCore) {
  if (!std::filesystem::exists("/proc/self/schedstat"))
    GTEST_SKIP() << "the kernel has no schedstat";
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);  // threads inherit it
  const int64_t before = WaitedForCoresNs();
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) {
    }
  });
  const int64_t deadline = RealClock().NowNs() + 20'000'000'000;
  while (WaitedForCoresNs() - before < 20'000'000 && RealClock().NowNs() < deadline) {
  }
  EXPECT_GE(WaitedForCoresNs() - before, 20'000'000);
  stop = true;
  other.join();
  sched_setaffinity(0, sizeof all, &all);
}

TEST(OthersUsedCores, IsNotWhatWeUse) {
  const int64_t before = OthersUsedCoresNs();
  if (before == 0) GTEST_SKIP() << "the kernel has no /proc/stat";
  EXPECT_GT(before, 0);
  const int64_t begin = RealClock().NowNs();
  const int64_t limit = 2 * sysconf(_SC_NPROCESSORS_ONLN) * int64_t{1'000'000'000};
  while (RealClock().NowNs() - begin < 300'000'000) {
  }
  const int64_t used = OthersUsedCoresNs() - before;
  EXPECT_GT(used, -100'000'000);  // ticks round
  EXPECT_LT(used, limit);
}

TEST(CorePace, TheQuickestSoFarIsOne) {
  CorePace pace;
  EXPECT_EQ(pace.Slowdown(), 1);
  for (int i = 0; i < 10; ++i) EXPECT_GE(pace.Slowdown(), 1);
}

}  // namespace
}  // namespace motley
