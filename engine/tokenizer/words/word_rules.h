#pragma once
// The rules that pretokenizer.cc combines. Simple ones are templates over a set of characters; the
// long alternations that whole model families share have a function each.

#include "engine/tokenizer/words/pretokenizer.h"
#include "engine/tokenizer/words/unicode.h"

namespace motley {

using CharSet = bool (*)(char32_t c, uint8_t char_classes);

template <uint8_t kClasses>
bool InClasses(char32_t, uint8_t char_classes) {
  return char_classes & kClasses;
}
inline bool IsLineBreak(char32_t c, uint8_t) { return c == '\r' || c == '\n'; }
inline bool IsAsciiDigit(char32_t c, uint8_t) { return c >= '0' && c <= '9'; }

template <CharSet kSet>
const char32_t* SkipAll(const Place& place, const char32_t* p) {
  while (p < place.end && kSet(*p, place.classes[*p])) ++p;
  return p;
}

// X: each one alone.
template <CharSet kSet>
Found Each(const Place& place) {
  return {1, kSet(*place.at, place.classes[*place.at])};
}

// X+
template <CharSet kSet>
Found Run(const Place& place) {
  const auto length = static_cast<size_t>(SkipAll<kSet>(place, place.at) - place.at);
  return length > 0 ? Found{length, true} : Found{1, false};
}

// \s?X+
template <CharSet kSet>
Found RunAfterSpace(const Place& place) {
  const char32_t* first = place.at + (place.Is(place.at, kSpace) ? 1 : 0);
  const char32_t* last = SkipAll<kSet>(place, first);
  if (last == first) return Run<kSet>(place);
  return {static_cast<size_t>(last - place.at), true};
}

// X{1,N}, or X{N} where shorter runs are left alone.
enum class Short { kTaken, kLeft };
template <CharSet kSet, size_t kCount, Short kShort>
Found Group(const Place& place) {
  size_t count = 0;
  while (count < kCount && place.at + count < place.end &&
         kSet(place.at[count], place.classes[place.at[count]])) {
    ++count;
  }
  if (count == 0) return {1, false};
  return {count, count == kCount || kShort == Short::kTaken};
}

// \s+$
Found TrailingSpace(const Place& place);

// GPT-2:  's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
Found Gpt2Word(const Place& place);

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?W+|\p{N}{1,D}| ?[^\s W
// \p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
Found Llama3Word(const Place& place);  // W is \p{L}, D is 3
Found Qwen2Word(const Place& place);   // W is \p{L}, D is 1
Found Qwen35Word(const Place& place);  // W is [\p{L}\p{M}], D is 1

// [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
// ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
Found DeepSeek3Word(const Place& place);

// Upper- and lower-case parts of words apart, contractions at their end:
// L?U*V+C?|L?U+V*C?|\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
// with L = [^\r\n\p{L}\p{N}], U = \p{L} without a-z, V = \p{L} without A-Z, C =
// (?i:'s|'t|'re|'ve|'m|'ll|'d).
Found Gpt4oWord(const Place& place);   // D is 3
Found TekkenWord(const Place& place);  // D is 1, without C

// Sets that DeepSeek's tokenisers name code point by code point.
bool IsDeepSeekLetter(char32_t c, uint8_t char_classes);
bool IsDeepSeekPunctuation(char32_t c, uint8_t char_classes);
bool IsDeepSeekCjk(char32_t c, uint8_t char_classes);
bool IsDeepSeek3Cjk(char32_t c, uint8_t char_classes);

}  // namespace motley
