#pragma once
// An error as the exit status of a command: 0 ok, 1 failed, 2 usage, 3 not found, 5 device not
// ready, 6 does not fit, 7 timed out, 8 refused. (4, daemon unreachable, is said by whoever tried
// to reach it.)

#include "base/result.h"

namespace motley {

inline int ExitCode(const Error& error) {
  switch (error.code) {
    case Code::kInvalidArgument:
      return 2;
    case Code::kNotFound:
      return 3;
    case Code::kDeviceLost:
      return 5;
    case Code::kUnavailable:
      return 5;
    case Code::kOutOfMemory:
      return 6;
    case Code::kCancelled:
      return 7;
    case Code::kUnsupported:
    case Code::kInternal:
      return 1;
  }
  return 1;
}

}  // namespace motley
