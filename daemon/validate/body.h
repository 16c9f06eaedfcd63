#pragma once
// A request's body from bytes to JSON. Any bytes may come in: every failure is InvalidArgument with
// the offset of the byte at fault. Any thread.

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace motley {

inline constexpr int kMaxBodyDepth = 64;

// The JSON value that is all of `body`. Refused before the parser sees it: bytes that are not
// UTF-8, arrays and objects nested deeper than kMaxBodyDepth (whatever is recursive behind this
// point is then bounded).
Result<nlohmann::json> ParseBody(std::string_view body);

// As ParseBody, and it must be an object.
Result<nlohmann::json> ParseBodyObject(std::string_view body);

}  // namespace motley
