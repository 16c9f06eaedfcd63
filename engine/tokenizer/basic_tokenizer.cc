#include "engine/tokenizer/basic_tokenizer.h"

#include <charconv>

namespace motley {
namespace {

// Positions within a text are 32-bit numbers below.
constexpr size_t kLongestText = size_t{1} << 30;

// How much of `text` to encode at once: all, or up to the beginning of a character.
size_t SliceLength(std::string_view text) {
  if (text.size() <= kLongestText) return text.size();
  size_t length = kLongestText;
  while (length > kLongestText - 3 && (text[length] & 0xC0) == 0x80) --length;
  return length;
}

// "<0x0A>" is the byte 10.
std::string ByteOf(const std::string& text) {
  uint8_t byte = 0;
  if (text.size() != 6) return text;
  const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, byte, 16);
  return error == std::errc() && end == text.data() + 5 ? std::string(1, static_cast<char>(byte))
                                                        : text;
}

}  // namespace

BasicTokenizer::BasicTokenizer(Vocabulary vocabulary, FirstSpace first_space)
    : vocabulary_(std::move(vocabulary)), splitter_(vocabulary_), first_space_(first_space) {}

void BasicTokenizer::MakePieces(std::string (*normal)(std::string_view text)) {
  pieces_.resize(vocabulary_.texts.size());
  for (int32_t i = 0; i < vocabulary_.size(); ++i) {
    const std::string& text = vocabulary_.texts[i];
    if (vocabulary_.Is(i, kControlToken | kUnknownToken | kUserDefinedToken)) {
      pieces_[i] = text;
    } else if (vocabulary_.Is(i, kNormalToken)) {
      pieces_[i] = normal(text);
    } else if (vocabulary_.Is(i, kByteToken)) {
      pieces_[i] = ByteOf(text);
    }
  }
}

std::vector<int32_t> BasicTokenizer::Encode(std::string_view text, Specials specials,
                                            Bos bos) const {
  std::vector<int32_t> tokens;
  if (bos == Bos::kAsModel && adds_bos()) tokens.push_back(vocabulary_.bos);
  FirstSpace first_space = first_space_;
  for (const Fragment& fragment : splitter_.Split(text, specials)) {
    if (fragment.token >= 0) {
      tokens.push_back(fragment.token);
      first_space = first_space_;
    } else {
      EncodeFragment(fragment.text, first_space, &tokens);
      first_space = FirstSpace::kNone;
    }
  }
  if (bos == Bos::kAsModel && vocabulary_.add_eos && vocabulary_.eos >= 0)
    tokens.push_back(vocabulary_.eos);
  return tokens;
}

void BasicTokenizer::EncodeFragment(std::string_view text, FirstSpace first_space,
                                    std::vector<int32_t>* tokens) const {
  while (!text.empty()) {
    const size_t length = SliceLength(text);
    EncodeText(text.substr(0, length), first_space, tokens);
    text.remove_prefix(length);
    first_space = FirstSpace::kNone;
  }
}

std::string BasicTokenizer::Piece(int32_t token, Specials specials) const {
  if (!Has(token) || (specials == Specials::kText && vocabulary_.IsSpecial(token))) return {};
  return pieces_[token];
}

std::string BasicTokenizer::Decode(const std::vector<int32_t>& tokens, Specials specials) const {
  std::string text;
  bool first_word = first_space_ == FirstSpace::kAdded;
  for (int32_t token : tokens) {
    if (!Has(token)) continue;
    const bool special = vocabulary_.IsSpecial(token);
    if (special && specials == Specials::kText) continue;
    std::string_view piece = pieces_[token];
    if (first_word && !special) {
      if (piece.starts_with(' ')) piece.remove_prefix(1);
      first_word = false;
    }
    text += piece;
  }
  return text;
}

}  // namespace motley
