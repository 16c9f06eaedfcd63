#pragma once
// JSON of a request with its keys in the order of the text, because templates print tools as they
// were sent. Linear in the text: nlohmann's ordered objects look names up one by one, so the work
// that many keys would make is limited. Errors: InvalidArgument (not JSON: byte offset; nesting
// above 64; too many keys). Any thread.

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace motley {

inline constexpr int kMaxJsonDepth = 64;

Result<nlohmann::ordered_json> ParseOrderedJson(std::string_view text);

// InvalidArgument when `value` nests deeper than kMaxJsonDepth.
Status CheckDepth(const nlohmann::ordered_json& value);

}  // namespace motley
