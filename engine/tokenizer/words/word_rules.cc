#include "engine/tokenizer/words/word_rules.h"

#include <algorithm>
#include <iterator>

namespace motley {
namespace {

// Each helper says how many code points from `p` on it matches; 0: none.

size_t CountClass(const Place& place, const char32_t* p, uint8_t char_classes) {
  const char32_t* end = p;
  while (place.Is(end, char_classes)) ++end;
  return static_cast<size_t>(end - p);
}

// Looks no further than `limit`: what it leaves is counted again by the next piece.
size_t CountNumbers(const Place& place, size_t limit) {
  size_t count = 0;
  while (count < limit && place.Is(place.at + count, kNumber)) ++count;
  return count;
}

size_t CountOthers(const Place& place, const char32_t* p, uint8_t but_classes) {
  const char32_t* end = p;
  while (end < place.end && !(place.classes[*end] & but_classes)) ++end;
  return static_cast<size_t>(end - p);
}

enum class Case { kAsIs, kAny };

char32_t LowerAscii(char32_t c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

// 's|'t|'re|'ve|'m|'ll|'d
size_t Contraction(const Place& place, const char32_t* p, Case letter_case) {
  if (place.end - p < 2 || *p != '\'') return 0;
  const auto letter = [&](size_t i) { return letter_case == Case::kAny ? LowerAscii(p[i]) : p[i]; };
  const char32_t first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (place.end - p < 3) return 0;
  const char32_t second = letter(2);
  const bool matches = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                       (first == 'l' && second == 'l');
  return matches ? 3 : 0;
}

// \s+(?!\S)|\s+
size_t Spaces(const Place& place) {
  const size_t count = CountClass(place, place.at, kSpace);
  return count > 1 && place.at + count < place.end ? count - 1 : count;
}

// \s*[\r\n]+|\s+(?!\S)|\s+
size_t LinesOrSpaces(const Place& place) {
  const char32_t* p = place.at + CountClass(place, place.at, kSpace);
  while (p > place.at && !IsLineBreak(p[-1], 0)) --p;
  return p > place.at ? static_cast<size_t>(p - place.at) : Spaces(place);
}

enum class Tail { kLineBreaks, kLineBreaksAndSlashes };

size_t CountTail(const Place& place, const char32_t* p, Tail tail) {
  const char32_t* end = p;
  while (end < place.end &&
         (IsLineBreak(*end, 0) || (*end == '/' && tail == Tail::kLineBreaksAndSlashes)))
    ++end;
  return static_cast<size_t>(end - p);
}

//  ?[^\s\p{L}\p{N}...]+[\r\n/]*
size_t Punctuation(const Place& place, uint8_t but_classes, Tail tail) {
  const size_t space = *place.at == ' ' ? 1 : 0;
  const size_t count = CountOthers(place, place.at + space, but_classes);
  if (count == 0) return 0;
  return space + count + CountTail(place, place.at + space + count, tail);
}

// Contraction, letters with one leading character, up to `digits` numbers, punctuation, white
// space.
Found WordLikeLlama3(const Place& place, uint8_t letters, size_t digits) {
  if (const size_t count = Contraction(place, place.at, Case::kAny)) return {count, true};
  const bool leads = !IsLineBreak(*place.at, 0) && !place.Is(place.at, letters | kLetter | kNumber);
  if (const size_t count = CountClass(place, place.at + leads, letters))
    return {leads + count, true};
  if (const size_t count = CountNumbers(place, digits)) return {count, true};
  if (const size_t count = Punctuation(place, kSpace | kNumber | letters, Tail::kLineBreaks))
    return {count, true};
  return {LinesOrSpaces(place), true};
}

bool IsUpperPart(const Place& place, const char32_t* p) {
  return place.Is(p, kLetter) && !(*p >= 'a' && *p <= 'z');
}
bool IsLowerPart(const Place& place, const char32_t* p) {
  return place.Is(p, kLetter) && !(*p >= 'A' && *p <= 'Z');
}

// U*V+|U+V*: most letters are in both sets, so V+ may have to take its letter back from U*.
size_t CasedWord(const Place& place, const char32_t* p) {
  const char32_t* upper_end = p;
  while (IsUpperPart(place, upper_end)) ++upper_end;
  const char32_t* end = upper_end;
  while (IsLowerPart(place, end)) ++end;
  if (end > upper_end) return static_cast<size_t>(end - p);
  while (end > p && !IsLowerPart(place, end - 1)) --end;
  return static_cast<size_t>((end > p ? end : upper_end) - p);
}

Found WordWithCase(const Place& place, size_t digits, bool contractions) {
  const bool leads = !IsLineBreak(*place.at, 0) && !place.Is(place.at, kLetter | kNumber);
  if (size_t count = CasedWord(place, place.at + leads)) {
    count += leads;
    if (contractions) count += Contraction(place, place.at + count, Case::kAny);
    return {count, true};
  }
  if (const size_t count = CountNumbers(place, digits)) return {count, true};
  if (const size_t count =
          Punctuation(place, kSpace | kLetter | kNumber, Tail::kLineBreaksAndSlashes)) {
    return {count, true};
  }
  return {LinesOrSpaces(place), true};
}

bool IsAsciiLetter(char32_t c) { return LowerAscii(c) >= 'a' && LowerAscii(c) <= 'z'; }

struct Range {
  char32_t first;
  char32_t last;
};

template <size_t kCount>
bool InRanges(const Range (&ranges)[kCount], char32_t c) {
  const Range* range =
      std::upper_bound(std::begin(ranges), std::end(ranges), c,
                       [](char32_t value, const Range& r) { return value < r.first; });
  return range != std::begin(ranges) && c <= range[-1].last;
}

constexpr Range kDeepSeekLetters[] = {
    {0x41, 0x5A},       {0x61, 0x7A},       {0xB5, 0xB5},       {0xC0, 0xD6},
    {0xD8, 0xF6},       {0xF8, 0x1BA},      {0x1BC, 0x1BF},     {0x1C4, 0x293},
    {0x295, 0x2AF},     {0x370, 0x373},     {0x376, 0x376},     {0x377, 0x377},
    {0x37B, 0x37D},     {0x37F, 0x37F},     {0x386, 0x386},     {0x388, 0x38A},
    {0x38C, 0x38C},     {0x38E, 0x3A1},     {0x3A3, 0x3F5},     {0x3F7, 0x481},
    {0x48A, 0x52F},     {0x531, 0x556},     {0x10A0, 0x10C5},   {0x13A0, 0x13F5},
    {0x13F8, 0x13FD},   {0x1C90, 0x1CBA},   {0x1CBD, 0x1CBF},   {0x1D00, 0x1D2B},
    {0x1D6B, 0x1D77},   {0x1D79, 0x1D9A},   {0x1E00, 0x1F15},   {0x1F18, 0x1F1D},
    {0x1F20, 0x1F45},   {0x1F48, 0x1F4D},   {0x1F50, 0x1F57},   {0x1F59, 0x1F59},
    {0x1F5B, 0x1F5B},   {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D},   {0x1F80, 0x1FB4},
    {0x1FB6, 0x1FBC},   {0x1FBE, 0x1FBE},   {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC},
    {0x1FD0, 0x1FD3},   {0x1FD6, 0x1FDB},   {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FF4},
    {0x1FF6, 0x1FFC},   {0x2102, 0x2102},   {0x2107, 0x2107},   {0x210A, 0x2113},
    {0x2115, 0x2115},   {0x2119, 0x211D},   {0x2124, 0x2124},   {0x2126, 0x2126},
    {0x2128, 0x2128},   {0x212A, 0x212D},   {0x212F, 0x2134},   {0x2139, 0x2139},
    {0x213C, 0x213F},   {0x2145, 0x2149},   {0x214E, 0x214E},   {0x2183, 0x2183},
    {0x2184, 0x2184},   {0x2C00, 0x2C7B},   {0x2C7E, 0x2CE4},   {0x2CEB, 0x2CEE},
    {0x2CF2, 0x2CF2},   {0x2CF3, 0x2CF3},   {0xA640, 0xA66D},   {0xA680, 0xA69B},
    {0xA722, 0xA76F},   {0xA771, 0xA787},   {0xA78B, 0xA78E},   {0xAB70, 0xABBF},
    {0xFB00, 0xFB06},   {0xFB13, 0xFB17},   {0xFF21, 0xFF3A},   {0xFF41, 0xFF5A},
    {0x10400, 0x1044F}, {0x104B0, 0x104D3}, {0x104D8, 0x104FB}, {0x10C80, 0x10CB2},
    {0x10CC0, 0x10CF2}, {0x118A0, 0x118DF}, {0x1E900, 0x1E943}};
constexpr Range kDeepSeekPunctuation[] = {{0x21, 0x2F},     {0x3A, 0x7E},     {0x2018, 0x201F},
                                          {0x3000, 0x3002}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF5E}};
constexpr Range kDeepSeekCjk[] = {{0x800, 0x9FA5}, {0xAC00, 0xD7FF}};
constexpr Range kDeepSeek3Cjk[] = {{0x3040, 0x30FF}, {0x4E00, 0x9FA5}};

}  // namespace

Found TrailingSpace(const Place& place) {
  const size_t count = CountClass(place, place.at, kSpace);
  if (count == 0) return {1, false};
  return {count, place.at + count == place.end};
}

Found Gpt2Word(const Place& place) {
  if (const size_t count = Contraction(place, place.at, Case::kAsIs)) return {count, true};
  const size_t space = *place.at == ' ' ? 1 : 0;
  for (uint8_t char_class : {kLetter, kNumber}) {
    if (const size_t count = CountClass(place, place.at + space, char_class))
      return {space + count, true};
  }
  if (const size_t count = CountOthers(place, place.at + space, kSpace | kLetter | kNumber))
    return {space + count, true};
  return {Spaces(place), true};
}

Found Llama3Word(const Place& place) { return WordLikeLlama3(place, kLetter, 3); }
Found Qwen2Word(const Place& place) { return WordLikeLlama3(place, kLetter, 1); }
Found Qwen35Word(const Place& place) { return WordLikeLlama3(place, kLetter | kMark, 1); }

Found Gpt4oWord(const Place& place) { return WordWithCase(place, 3, true); }
Found TekkenWord(const Place& place) { return WordWithCase(place, 1, false); }

Found DeepSeek3Word(const Place& place) {
  const char32_t first = *place.at;
  if (first < 0x80 && place.Is(place.at, kPunctuation | kSymbol)) {
    const char32_t* end = place.at + 1;
    while (end < place.end && IsAsciiLetter(*end)) ++end;
    if (end > place.at + 1) return {static_cast<size_t>(end - place.at), true};
  }
  const bool leads =
      !IsLineBreak(first, 0) && !place.Is(place.at, kLetter | kMark | kPunctuation | kSymbol);
  if (const size_t count = CountClass(place, place.at + leads, kLetter | kMark))
    return {leads + count, true};
  const size_t space = first == ' ' ? 1 : 0;
  if (size_t count = CountClass(place, place.at + space, kPunctuation | kSymbol)) {
    count += space;
    return {count + CountTail(place, place.at + count, Tail::kLineBreaks), true};
  }
  if (const size_t count = LinesOrSpaces(place)) return {count, true};
  return {1, false};
}

bool IsDeepSeekLetter(char32_t c, uint8_t) {
  return c < 0x80 ? IsAsciiLetter(c) : InRanges(kDeepSeekLetters, c);
}

bool IsDeepSeekPunctuation(char32_t c, uint8_t char_classes) {
  return InRanges(kDeepSeekPunctuation, c) && char_classes != kSpace;
}

bool IsDeepSeekCjk(char32_t c, uint8_t char_classes) {
  return InRanges(kDeepSeekCjk, c) && char_classes != kSpace;
}
bool IsDeepSeek3Cjk(char32_t c, uint8_t) { return InRanges(kDeepSeek3Cjk, c); }

}  // namespace motley
