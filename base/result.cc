#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace motley {

const char* CodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return "InvalidArgument";
    case Code::kNotFound:
      return "NotFound";
    case Code::kUnsupported:
      return "Unsupported";
    case Code::kOutOfMemory:
      return "OutOfMemory";
    case Code::kDeviceLost:
      return "DeviceLost";
    case Code::kUnavailable:
      return "Unavailable";
    case Code::kCancelled:
      return "Cancelled";
    case Code::kInternal:
      return "Internal";
  }
  return "Internal";
}

Error ErrnoError(std::string what, int error_number) {
  Code code = Code::kInternal;
  if (error_number == ENOENT) code = Code::kNotFound;
  if (error_number == ENOMEM) code = Code::kOutOfMemory;
  return {code, what + ": " + std::generic_category().message(error_number)};
}

}  // namespace motley
