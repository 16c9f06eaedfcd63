#include "engine/tokenizer/words/unicode.h"

#include <utf8proc.h>

namespace motley {
namespace {

constexpr char32_t kCodePoints = 0x110000;
constexpr char32_t kReplacement = 0xFFFD;

uint8_t ClassOfCategory(utf8proc_category_t category) {
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return kLetter;
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) return kMark;
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return kNumber;
  if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO) return kPunctuation;
  if (category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO) return kSymbol;
  return 0;
}

std::vector<uint8_t> MakeClasses() {
  std::vector<uint8_t> classes(kCodePoints);
  for (char32_t c = 0; c < kCodePoints; ++c) {
    classes[c] = ClassOfCategory(utf8proc_category(static_cast<utf8proc_int32_t>(c)));
  }
  // Unicode 15.1: ideographic description characters, CJK extension I.
  for (char32_t c = 0x2FFC; c <= 0x2FFF; ++c) classes[c] = kSymbol;
  classes[0x31EF] = kSymbol;
  for (char32_t c = 0x2EBF0; c <= 0x2EE5D; ++c) classes[c] = kLetter;

  for (char32_t c = 0x09; c <= 0x0D; ++c) classes[c] = kSpace;
  for (char32_t c = 0x2000; c <= 0x200A; ++c) classes[c] = kSpace;
  for (char32_t c : {0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000})
    classes[c] = kSpace;
  return classes;
}

// Bytes of the sequence that begins with `lead`; 0: none does.
size_t SequenceLength(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC0 || lead >= 0xF8) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// The code point of the sequence at the front of `bytes` and its length; length 0 when it is not
// complete.
size_t DecodeOne(std::string_view bytes, char32_t* code_point) {
  const auto lead = static_cast<uint8_t>(bytes[0]);
  const size_t length = SequenceLength(lead);
  if (length == 0 || length > bytes.size()) return 0;
  *code_point = length == 1 ? lead : lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<uint8_t>(bytes[i]);
    if ((next & 0xC0) != 0x80) return 0;
    *code_point = *code_point << 6 | (next & 0x3F);
  }
  return *code_point < kCodePoints ? length : 0;
}

}  // namespace

const uint8_t* CharClasses() {
  static const std::vector<uint8_t>& classes = *new std::vector<uint8_t>(MakeClasses());
  return classes.data();
}

void DecodeLeniently(std::string_view bytes, std::vector<char32_t>* code_points) {
  code_points->reserve(code_points->size() + bytes.size());
  while (!bytes.empty()) {
    char32_t code_point = 0;
    const size_t length = DecodeOne(bytes, &code_point);
    code_points->push_back(length > 0 ? code_point : kReplacement);
    bytes.remove_prefix(length > 0 ? length : 1);
  }
}

void AppendUtf8(char32_t c, std::string* out) {
  const auto tail = [](char32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out->append({static_cast<char>(0xC0 | c >> 6), tail(c)});
  } else if (c < 0x10000) {
    out->append({static_cast<char>(0xE0 | c >> 12), tail(c >> 6), tail(c)});
  } else {
    out->append({static_cast<char>(0xF0 | c >> 18), tail(c >> 12), tail(c >> 6), tail(c)});
  }
}

}  // namespace motley
