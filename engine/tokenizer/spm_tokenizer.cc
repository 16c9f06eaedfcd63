#include "engine/tokenizer/spm_tokenizer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace motley {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

// Floats as unsigned numbers in the opposite order.
uint32_t RankOfScore(float score) {
  if (std::isnan(score)) score = -std::numeric_limits<float>::infinity();
  const auto bits = std::bit_cast<uint32_t>(score + 0.0f);  // -0 and 0 are equal
  return bits >> 31 ? bits : ~(bits | 0x80000000u);
}

std::string SpacesMarked(std::string_view text, bool mark_first) {
  std::string marked(mark_first ? kSpaceMark : "");
  marked.reserve(text.size() + text.size() / 2);
  for (char c : text) {
    if (c == ' ') {
      marked += kSpaceMark;
    } else {
      marked += c;
    }
  }
  return marked;
}

std::string SpacesUnmarked(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const size_t mark = text.find(kSpaceMark);
    plain += text.substr(0, mark);
    if (mark == std::string_view::npos) break;
    plain += ' ';
    text.remove_prefix(mark + kSpaceMark.size());
  }
  return plain;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> SpmTokenizer::Load(const Manifest& manifest) {
  Vocabulary vocabulary =
      TRY(LoadVocabulary(manifest, {.bos = 1, .eos = 2, .unknown = 0, .add_bos = true}));
  const bool space = manifest.BoolOr("tokenizer.ggml.add_space_prefix", true);
  return std::unique_ptr<Tokenizer>(
      new SpmTokenizer(std::move(vocabulary), space ? FirstSpace::kAdded : FirstSpace::kNone));
}

SpmTokenizer::SpmTokenizer(Vocabulary vocabulary, FirstSpace first_space)
    : BasicTokenizer(std::move(vocabulary), first_space),
      by_text_(BasicTokenizer::vocabulary().texts.size()),
      joins_(BasicTokenizer::vocabulary().texts.size()) {
  const Vocabulary& v = BasicTokenizer::vocabulary();
  ranks_.resize(v.texts.size());
  for (int32_t i = 0; i < v.size(); ++i) {
    ranks_[i] = RankOfScore(v.scores[i]);
    if (!v.IsMergeable(i)) continue;
    by_text_.Assign(v.texts[i], i);
    joins_.AddToken(v.texts[i]);
    longest_ = std::max(longest_, v.texts[i].size());
  }
  for (int byte = 0; byte < 256; ++byte) {
    constexpr char kHex[] = "0123456789ABCDEF";
    const std::string name = {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
    of_byte_[byte] = by_text_.Find(name);
    if (of_byte_[byte] < 0) of_byte_[byte] = by_text_.Find(std::string(1, static_cast<char>(byte)));
    if (of_byte_[byte] < 0) of_byte_[byte] = v.unknown;
  }
  MakePieces(SpacesUnmarked);
}

void SpmTokenizer::AppendBytes(std::string_view character, std::vector<int32_t>* tokens) const {
  for (char c : character) {
    const int32_t token = of_byte_[static_cast<uint8_t>(c)];
    if (token >= 0) tokens->push_back(token);
  }
}

void SpmTokenizer::EncodeText(std::string_view text, FirstSpace first_space,
                              std::vector<int32_t>* tokens) const {
  const std::string marked = SpacesMarked(text, first_space == FirstSpace::kAdded);
  const std::string_view all = marked;
  Piece piece;
  std::string_view last;
  for (size_t at = 0; at < all.size(); at += last.size()) {
    const std::string_view character = all.substr(at, SpmCharacterLength(all.substr(at)));
    if (!last.empty() && !joins_.MayJoin(last, character)) {
      EncodePiece(all.substr(0, at), &piece, tokens);
      piece.begins.clear();
      piece.merger.Clear();
    }
    piece.begins.push_back(static_cast<uint32_t>(at));
    piece.merger.Add(by_text_.Find(character));
    last = character;
  }
  if (!all.empty()) EncodePiece(all, &piece, tokens);
}

void SpmTokenizer::EncodePiece(std::string_view text, Piece* piece,
                               std::vector<int32_t>* tokens) const {
  Merger& merger = piece->merger;
  std::vector<uint32_t>& begins = piece->begins;
  begins.push_back(static_cast<uint32_t>(text.size()));
  const auto span = [&](int32_t first, int32_t after) {
    return text.substr(begins[first], begins[after] - begins[first]);
  };
  merger.Run([&](int32_t left, int32_t right) -> Merger::Merge {
    const std::string_view both = span(left, merger.Next(right));
    const int32_t token = both.size() <= longest_ ? by_text_.Find(both) : -1;
    return token < 0 ? Merger::Merge{} : Merger::Merge{ranks_[token], token};
  });
  for (int32_t node = 0; node < merger.size(); node = merger.Next(node)) {
    const int32_t token = merger.SymbolAt(node);
    if (token >= 0) {
      tokens->push_back(token);
    } else {
      AppendBytes(span(node, merger.Next(node)), tokens);
    }
  }
}

}  // namespace motley
