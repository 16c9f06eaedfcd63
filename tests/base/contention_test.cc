#include "base/contention.h"

#include <gtest/gtest.h>
#include <sched.h>

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

}  // namespace
}  // namespace motley
