#pragma once
// The two private-use characters around what a user wrote: put in before rendering, taken out
// after. See RenderChatSegments in chat.h for the rules. Pure; any thread.

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/template/chat.h"
#include "engine/template/special_texts.h"

namespace motley {

// Opening and closing, as code points of the Basic Multilingual Plane's private-use area (3 bytes
// of UTF-8 each).
struct MarkPair {
  char32_t open = 0, close = 0;
};

// Two that appear in no string or key of `variables`, neither as themselves nor written \uXXXX.
// InvalidArgument: there are none.
Result<MarkPair> ChooseMarks(const nlohmann::ordered_json& variables);

// The character that `\uXXXX` (lower case) writes at `offset`, or nothing.
std::optional<char32_t> EscapedCharacter(std::string_view text, size_t offset);

// True where at least one string or key of a user needs marks.
bool NeedsMarks(const nlohmann::ordered_json& variables, const SpecialTexts& specials);
// `variables` with the marks put in: open..close around each special text, open close where a part
// of one could be completed by a neighbour (before or after it, white space at the string's ends
// left outside).
nlohmann::ordered_json PutMarks(const nlohmann::ordered_json& variables,
                                const SpecialTexts& specials, MarkPair marks);

// Takes the marks out of `rendered` and cuts the rest into segments.
std::vector<Segment> TakeMarks(std::string_view rendered, const SpecialTexts& specials,
                               MarkPair marks);

}  // namespace motley
