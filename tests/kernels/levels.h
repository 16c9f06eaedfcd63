#pragma once
// The levels that this machine can run, for tests that go over them.

#include <string>
#include <vector>

#include "kernels/registry.h"

namespace motley {

inline std::vector<CpuLevel> LevelsHere() {
  std::vector<CpuLevel> levels;
  for (int i = 0; i < kCpuLevels; ++i) {
    if (CpuHasLevel(static_cast<CpuLevel>(i))) levels.push_back(static_cast<CpuLevel>(i));
  }
  return levels;
}

}  // namespace motley
