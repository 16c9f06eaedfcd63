#include "daemon/validate/utf8.h"

#include <algorithm>
#include <cstdint>

namespace motley {
namespace {

struct Form {
  uint8_t first_low, first_high, second_low, second_high;
  size_t length;
};
// Table 3-7 of the Unicode standard: the second byte's range is what shuts out overlong forms and
// surrogates.
constexpr Form kForms[] = {
    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

bool Continues(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// The length of the character at the start of `text`, 0 if there is none.
size_t CharacterLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  for (const Form& form : kForms) {
    if (byte(0) < form.first_low || byte(0) > form.first_high) continue;
    if (form.length == 1) return 1;
    if (text.size() < form.length) return 0;
    if (byte(1) < form.second_low || byte(1) > form.second_high) return 0;
    for (size_t i = 2; i < form.length; ++i) {
      if (!Continues(byte(i))) return 0;
    }
    return form.length;
  }
  return 0;
}

}  // namespace

size_t InvalidUtf8At(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = CharacterLength(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string LossyUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return !Continues(static_cast<uint8_t>(c)); }));
}

std::string Shorten(std::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && Continues(static_cast<uint8_t>(text[limit]))) --limit;
  return std::string(text.substr(0, limit)) + "...";
}

}  // namespace motley
