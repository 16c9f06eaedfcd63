#include "engine/tokenizer/merging/join_filter.h"

#include <algorithm>
#include <bit>

namespace motley {
namespace {

// A token brings some five pairs, many of them common: about one bit in ten is set.
constexpr size_t kBitsPerToken = 32;

uint64_t Pack(std::string_view character) {
  uint64_t packed = 0;
  for (char c : character) packed = packed << 8 | static_cast<uint8_t>(c);
  return packed;
}

}  // namespace

size_t SpmCharacterLength(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size());
}

JoinFilter::JoinFilter(size_t tokens)
    : words_(std::bit_ceil(std::max<size_t>(64, tokens * kBitsPerToken)) / 64) {}

size_t JoinFilter::BitOf(std::string_view left, std::string_view right) const {
  const uint64_t hash = (Pack(left) << 32 | Pack(right)) * 0x9E3779B97F4A7C15u;
  return (hash ^ hash >> 29) & (words_.size() * 64 - 1);
}

void JoinFilter::AddToken(std::string_view text) {
  std::string_view last;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, SpmCharacterLength(text));
    if (!last.empty()) {
      const size_t bit = BitOf(last, character);
      words_[bit / 64] |= uint64_t{1} << (bit % 64);
    }
    last = character;
    text.remove_prefix(character.size());
  }
}

}  // namespace motley
