#pragma once
// FNV-1a of 64 bits (Fowler, Noll and Vo): names for caches and builds. Not for anything an
// adversary chooses.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace motley::opencl {

inline uint64_t Hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

inline std::string Hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace motley::opencl
