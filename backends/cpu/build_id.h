#pragma once
// Which build of the kernels this is. Any thread.

#include <string>

namespace motley {

// The first 12 hex digits of this plug-in's GNU build id (a hash of its contents), or "unknown".
std::string BuildId();

}  // namespace motley
