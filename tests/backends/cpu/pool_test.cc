#include "backends/cpu/pool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

namespace motley {
namespace {

cpu_set_t CpusHere() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof cpus, &cpus);
  return cpus;
}

TEST(Pool, RunsEveryThreadOnceAndReturnsWhenAllHave) {
  Pool pool(3, CpusHere());
  std::vector<int> runs(3);
  for (int i = 0; i < 500; ++i) {
    pool.Run([&](int thread) { ++runs[static_cast<size_t>(thread)]; });
    for (const int count : runs) ASSERT_EQ(count, i + 1);
  }
}

TEST(Pool, RunsThreadZeroOnTheCaller) {
  Pool pool(2, CpusHere());
  std::array<pid_t, 2> ids = {};
  pool.Run([&](int thread) { ids[static_cast<size_t>(thread)] = gettid(); });
  EXPECT_EQ(ids[0], gettid());
  EXPECT_NE(ids[1], gettid());
}

TEST(Pool, GivesTheCallerItsCpusBack) {
  const cpu_set_t before = CpusHere();
  {
    Pool pool(CPU_COUNT(&before), before);
    pool.Run([](int) {});
    const cpu_set_t pinned = CpusHere();
    EXPECT_EQ(CPU_COUNT(&pinned), 1);
  }
  const cpu_set_t after = CpusHere();
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(Pool, ScratchIsAlignedAndStaysWhileItIsLargeEnough) {
  Pool pool(1, CpusHere());
  std::byte* first = pool.Scratch(1000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 64, 0u);
  EXPECT_EQ(pool.Scratch(500), first);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pool.Scratch(100'000)) % 64, 0u);
}

// The state letter of a thread in /proc: R runs, S sleeps.
char StateOf(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');
  return name_end == std::string::npos ? '?' : line[name_end + 2];
}

TEST(Pool, SleepsWhenNothingIsToBeDone) {
  Pool pool(2, CpusHere());
  pid_t worker = 0;
  pool.Run([&](int thread) {
    if (thread == 1) worker = gettid();
  });
  // Waits for the event, not for a time: ten seconds are for a machine that is stuck.
  char state = 'R';
  for (int i = 0; i < 1000 && state != 'S'; ++i) {
    usleep(10'000);
    state = StateOf(worker);
  }
  EXPECT_EQ(state, 'S');
  std::array<bool, 2> ran = {};
  pool.Run([&](int thread) { ran[static_cast<size_t>(thread)] = true; });
  EXPECT_TRUE(ran[1]) << "a sleeper wakes up";
}

}  // namespace
}  // namespace motley
