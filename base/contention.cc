#include "base/contention.h"

#include <filesystem>
#include <fstream>

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

}  // namespace motley
