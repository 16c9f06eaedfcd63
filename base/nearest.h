#pragma once
// "Did you mean": the candidate closest to what was typed. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace motley {

// Levenshtein's distance in bytes, letter case ignored; O(|a| x |b|), the callers bound both.
size_t EditDistance(std::string_view a, std::string_view b);

// The candidate with the least distance (the first of equals); empty without candidates.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace motley
