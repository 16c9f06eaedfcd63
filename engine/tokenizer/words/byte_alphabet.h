#pragma once
// GPT-2's way to write any bytes as printable text: each byte has a character (printable Latin-1
// itself, the others U+0100 and on), so that "Ġ" in a vocabulary is a space. Any thread.

#include <optional>
#include <string>
#include <string_view>

namespace motley {

// The bytes that `text` is written for; nothing when a character stands for none.
std::optional<std::string> BytesOfAlphabet(std::string_view text);

// The same with characters that stand for no byte left as they are.
std::string BytesOfAlphabetOrText(std::string_view text);

}  // namespace motley
