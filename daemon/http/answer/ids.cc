#include "daemon/http/answer/ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <random>

namespace motley {

uint64_t RandomSeed() {
  static std::mutex mutex;
  static std::mt19937_64 generator{std::random_device{}()};
  const std::lock_guard lock(mutex);
  return generator();
}

std::string NewId(std::string_view prefix) {
  return fmt::format("{}{:016x}{:08x}", prefix, RandomSeed(), RandomSeed() & 0xffffffff);
}

bool IsPlainId(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace motley
