#pragma once
// What the pre-tokenisers ask of Unicode: code points of any bytes, and their classes as of
// Unicode 15.1 (utf8proc's 15.0 plus the two blocks that 15.1 added). Any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace motley {

enum CharClass : uint8_t {  // bits; controls, separators that are no space and unassigned code
                            // points have none
  kLetter = 1,              // \p{L}
  kNumber = 2,              // \p{N}
  kMark = 4,                // \p{M}
  kPunctuation = 8,         // \p{P}
  kSymbol = 16,             // \p{S}
  kSpace = 32,              // \s: the property White_Space
};

// Classes of every code point, 0 to 0x10FFFF; lives as long as the program.
const uint8_t* CharClasses();

// Appends the code points of `bytes`, as llama.cpp reads them: overlong forms and surrogates are
// taken as they are, a byte that begins no complete sequence is U+FFFD. All are at most 0x10FFFF.
void DecodeLeniently(std::string_view bytes, std::vector<char32_t>* code_points);

void AppendUtf8(char32_t code_point, std::string* out);

}  // namespace motley
