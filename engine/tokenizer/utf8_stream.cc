#include "engine/tokenizer/tokenizer.h"

namespace motley {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Sequence {
  size_t length;  // bytes that belong together
  enum { kWhole, kBroken, kMore } state;
};

// The bounds of the second byte that well-formed UTF-8 allows after `lead` (Unicode standard, table
// 3-7).
bool SecondFits(uint8_t lead, uint8_t second) {
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

// What stands at the front of `bytes`. A broken sequence ends before the first byte that cannot
// continue it.
Sequence NextSequence(std::string_view bytes) {
  const auto lead = static_cast<uint8_t>(bytes[0]);
  if (lead < 0x80) return {1, Sequence::kWhole};
  if (lead < 0xC2 || lead > 0xF4) return {1, Sequence::kBroken};
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (size_t i = 1; i < length; ++i) {
    if (i == bytes.size()) return {i, Sequence::kMore};
    const auto next = static_cast<uint8_t>(bytes[i]);
    if (i == 1 ? !SecondFits(lead, next) : (next & 0xC0) != 0x80) return {i, Sequence::kBroken};
  }
  return {length, Sequence::kWhole};
}

}  // namespace

std::string Utf8Stream::Push(std::string_view bytes) {
  held_ += bytes;
  std::string text;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const Sequence next = NextSequence(rest);
    if (next.state == Sequence::kMore) break;
    text += next.state == Sequence::kWhole ? rest.substr(0, next.length) : kReplacement;
    rest.remove_prefix(next.length);
  }
  held_.erase(0, held_.size() - rest.size());
  return text;
}

std::string Utf8Stream::Finish() {
  const bool incomplete = !held_.empty();
  held_.clear();
  return std::string(incomplete ? kReplacement : "");
}

}  // namespace motley
