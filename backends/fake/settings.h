#pragma once
// What the environment asks of one fake device (fake.h). Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley::fake {

enum class FaultKind { kLose, kAbort, kHang, kWrong, kOutOfMemory };

struct Fault {
  FaultKind kind = FaultKind::kLose;
  int64_t at = 0;  // number of the step, or of the allocation, from 1
};

// The texts of MOTLEY_FAKE_FAULT, MOTLEY_FAKE_SLOWDOWN and MOTLEY_FAKE_OPS as far as they concern
// `device`. InvalidArgument names the variable and the part that cannot be read.
Result<std::vector<Fault>> ParseFaults(std::string_view text, std::string_view device);
Result<double> ParseSlowdown(std::string_view text, std::string_view device);  // 1 when not named
Result<std::vector<std::string>> ParseOps(std::string_view text);              // empty: all

}  // namespace motley::fake
