#pragma once
// Names for requests. Any thread.

#include <string>
#include <string_view>

namespace motley {

// `prefix` and 24 random hexadecimal digits.
std::string NewId(std::string_view prefix);

// 64 random bits.
uint64_t RandomSeed();

// Fit to be echoed in a header: 1 to 128 of [A-Za-z0-9._-].
bool IsPlainId(std::string_view id);

}  // namespace motley
