#include "engine/tokenizer/special_splitter.h"

#include <algorithm>
#include <cstring>

namespace motley {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

// Which bytes of the text are taken already.
class SpecialSplitter::Claims {
 public:
  Claims(std::string_view text, bool strips)
      : text_(text), strips_(strips), taken_(text.size(), 0) {}

  bool IsFree(size_t begin, size_t length) const {
    // Whatever was taken before is at least as long, so it covers an end of this if it covers any
    // of it; stripped white space is the exception.
    if (!strips_) return !taken_[begin] && !taken_[begin + length - 1];
    return std::memchr(taken_.data() + begin, 1, length) == nullptr;
  }

  void Take(size_t begin, const Whole& whole) {
    size_t end = begin + whole.length;
    while (whole.strip_left && begin > 0 && !taken_[begin - 1] && IsSpace(text_[begin - 1]))
      --begin;
    while (whole.strip_right && end < text_.size() && !taken_[end] && IsSpace(text_[end])) ++end;
    std::memset(taken_.data() + begin, 1, end - begin);
    claims_.push_back({begin, end, whole.token});
  }

  std::vector<Fragment> Fragments() {
    std::sort(claims_.begin(), claims_.end(),
              [](const Claim& a, const Claim& b) { return a.begin < b.begin; });
    std::vector<Fragment> fragments;
    size_t at = 0;
    for (const Claim& claim : claims_) {
      if (claim.begin > at) fragments.push_back({-1, text_.substr(at, claim.begin - at)});
      fragments.push_back({claim.token, {}});
      at = claim.end;
    }
    if (at < text_.size()) fragments.push_back({-1, text_.substr(at)});
    return fragments;
  }

 private:
  std::string_view text_;
  bool strips_;
  std::vector<uint8_t> taken_;
  std::vector<Claim> claims_;
};

SpecialSplitter::SpecialSplitter(const Vocabulary& vocabulary) {
  roots_.fill(-1);
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < vocabulary.size(); ++i) {
    if (vocabulary.Is(i, kControlToken | kUserDefinedToken | kUnknownToken)) tokens.push_back(i);
  }
  // Not a stable sort: which of two overlapping tokens of one length wins must be what llama.cpp's
  // std::sort makes it.
  std::sort(tokens.begin(), tokens.end(), [&](int32_t a, int32_t b) {
    return vocabulary.texts[a].size() > vocabulary.texts[b].size();
  });
  for (int32_t token : tokens) {
    const std::string& text = vocabulary.texts[token];
    AddToTrie(text, static_cast<int32_t>(wholes_.size()));
    wholes_.push_back({token, static_cast<uint32_t>(text.size()), vocabulary.IsSpecial(token),
                       vocabulary.Is(token, kStripLeft), vocabulary.Is(token, kStripRight)});
    strips_ |= vocabulary.Is(token, kStripLeft | kStripRight);
  }
}

int32_t SpecialSplitter::Child(int32_t node, char byte) const {
  for (node = nodes_[node].child; node >= 0; node = nodes_[node].sibling) {
    if (nodes_[node].byte == byte) break;
  }
  return node;
}

void SpecialSplitter::AddToTrie(std::string_view text, int32_t rank) {
  int32_t& root = roots_[static_cast<uint8_t>(text[0])];
  if (root < 0) {
    root = static_cast<int32_t>(nodes_.size());
    nodes_.push_back({.byte = text[0]});
  }
  int32_t node = root;
  for (char byte : text.substr(1)) {
    int32_t next = Child(node, byte);
    if (next < 0) {
      next = static_cast<int32_t>(nodes_.size());
      nodes_.push_back({.sibling = nodes_[node].child, .byte = byte});
      nodes_[node].child = next;
    }
    node = next;
  }
  if (nodes_[node].rank < 0) nodes_[node].rank = rank;
}

std::vector<SpecialSplitter::Starts> SpecialSplitter::FindStarts(std::string_view text,
                                                                 Specials specials) const {
  std::vector<Starts> starts;
  std::vector<int32_t> last;  // by rank: its newest entry in `starts`
  for (size_t at = 0; at < text.size(); ++at) {
    int32_t node = roots_[static_cast<uint8_t>(text[at])];
    for (size_t i = at + 1; node >= 0; node = i < text.size() ? Child(node, text[i++]) : -1) {
      const int32_t rank = nodes_[node].rank;
      if (rank < 0 || (specials == Specials::kText && wholes_[rank].only_parsed)) continue;
      last.resize(wholes_.size(), -1);
      if (last[rank] >= 0 && starts[last[rank]].first + starts[last[rank]].count == at) {
        ++starts[last[rank]].count;
        continue;
      }
      last[rank] = static_cast<int32_t>(starts.size());
      starts.push_back({rank, at, 1});
    }
  }
  std::stable_sort(starts.begin(), starts.end(),
                   [](const Starts& a, const Starts& b) { return a.rank < b.rank; });
  return starts;
}

std::vector<Fragment> SpecialSplitter::Split(std::string_view text, Specials specials) const {
  const std::vector<Starts> starts = FindStarts(text, specials);
  if (starts.empty())
    return text.empty() ? std::vector<Fragment>{} : std::vector<Fragment>{{-1, text}};
  Claims claims(text, strips_);
  for (const Starts& run : starts) {
    const Whole& whole = wholes_[run.rank];
    for (size_t at = run.first; at < run.first + run.count;) {
      const bool free = claims.IsFree(at, whole.length);
      if (free) claims.Take(at, whole);
      at += free ? whole.length : 1;
    }
  }
  return claims.Fragments();
}

}  // namespace motley
