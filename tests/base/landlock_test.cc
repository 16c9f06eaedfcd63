#include "base/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace motley {
namespace {

constexpr int kNoLandlock = 77;

// In a child: what was denied stays denied for a process.
[[noreturn]] void TryFiles() {
  const int open_before = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (DenyFileAccess() == FileAccess::kUnlimited) std::_Exit(kNoLandlock);
  char byte = 0;
  const bool reads = read(open_before, &byte, 1) == 1;
  const bool opens = open("/proc/self/exe", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES;
  const bool lists = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 || errno != EACCES;
  std::_Exit(reads && !opens && !lists ? 0 : 1);
}

TEST(DenyFileAccess, LeavesOpenFilesAndNothingElse) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      TryFiles(),
      [](int status) {
        return WIFEXITED(status) &&
               (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kNoLandlock);
      },
      "");
}

}  // namespace
}  // namespace motley
