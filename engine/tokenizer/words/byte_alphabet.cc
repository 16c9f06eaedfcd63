#include "engine/tokenizer/words/byte_alphabet.h"

#include <array>
#include <vector>

#include "engine/tokenizer/words/unicode.h"

namespace motley {
namespace {

constexpr bool StandsForItself(int byte) {
  return (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
}

constexpr size_t kAlphabetEnd = 0x144;

// By character: its byte, or -1.
constexpr std::array<int16_t, kAlphabetEnd> MakeBytes() {
  std::array<int16_t, kAlphabetEnd> bytes{};
  bytes.fill(-1);
  size_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    bytes[StandsForItself(byte) ? static_cast<size_t>(byte) : next++] = static_cast<int16_t>(byte);
  }
  return bytes;
}

constexpr auto kBytes = MakeBytes();

int ByteOf(char32_t c) { return c < kAlphabetEnd ? kBytes[c] : -1; }

}  // namespace

std::optional<std::string> BytesOfAlphabet(std::string_view text) {
  std::vector<char32_t> characters;
  DecodeLeniently(text, &characters);
  std::string bytes;
  for (char32_t c : characters) {
    if (ByteOf(c) < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(ByteOf(c)));
  }
  return bytes;
}

std::string BytesOfAlphabetOrText(std::string_view text) {
  std::vector<char32_t> characters;
  DecodeLeniently(text, &characters);
  std::string bytes;
  for (char32_t c : characters) {
    if (ByteOf(c) < 0) {
      AppendUtf8(c, &bytes);
    } else {
      bytes.push_back(static_cast<char>(ByteOf(c)));
    }
  }
  return bytes;
}

}  // namespace motley
