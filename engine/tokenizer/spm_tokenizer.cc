#include "engine/tokenizer/spm_tokenizer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/tokenizer/merger.h"

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

// By the first byte alone, as SentencePiece's port in llama.cpp steps: nothing after it is checked.
size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size());
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
      by_text_(BasicTokenizer::vocabulary().texts.size()) {
  const Vocabulary& v = BasicTokenizer::vocabulary();
  ranks_.resize(v.texts.size());
  for (int32_t i = 0; i < v.size(); ++i) {
    ranks_[i] = RankOfScore(v.scores[i]);
    if (!v.IsMergeable(i)) continue;
    by_text_.Assign(v.texts[i], i);
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
  Merger merger;
  std::vector<uint32_t> begins;  // of every node, and the end of the text
  begins.reserve(all.size() / 2);
  for (size_t at = 0; at < all.size();) {
    const size_t length = CharacterLength(all.substr(at));
    begins.push_back(static_cast<uint32_t>(at));
    merger.Add(by_text_.Find(all.substr(at, length)));
    at += length;
  }
  begins.push_back(static_cast<uint32_t>(all.size()));
  const auto span = [&](int32_t first, int32_t after) {
    return all.substr(begins[first], begins[after] - begins[first]);
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
