#pragma once
// UTF-8 as the doors need it: check what comes in, repair what goes out. Pure functions, linear,
// any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace motley {

// The offset of the first byte that is not part of a well-formed character (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF); npos when all is well.
size_t InvalidUtf8At(std::string_view text);

// `text` with every byte that is not part of a well-formed character replaced by U+FFFD.
std::string LossyUtf8(std::string_view text);

// Characters, counted as bytes that begin one: the halves of a character cut in two still add up to
// one.
size_t CountCharacters(std::string_view text);

// At most `limit` bytes of well-formed `text`, cut between characters, with "..." when something
// was cut.
std::string Shorten(std::string_view text, size_t limit);

}  // namespace motley
