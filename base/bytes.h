#pragma once
// Bytes as a person reads them and as a file stores them.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

namespace motley {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// A little-endian value at an address that need not be aligned. The caller has checked the bounds.
template <class T>
requires std::is_trivially_copyable_v<T> T LoadUnaligned(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// 1536 -> "1.5 KiB"; the unit is the largest that leaves at least 1.
inline std::string FormatBytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

}  // namespace motley
