#pragma once
// Says of two characters whether any token may hold them side by side. Where none does, no merge
// ever crosses, and a text can be cut without changing its tokens: words instead of pages to merge
// in. A hashed bit set: it may say yes wrongly (then a piece is longer), never no. Filled once,
// then read by any thread.

#include <cstdint>
#include <string_view>
#include <vector>

namespace motley {

// Length of the character at the front of `text` (not empty), judged by its first byte alone, as
// llama.cpp steps through SentencePiece's input: what follows is not checked, only that it is
// there.
size_t SpmCharacterLength(std::string_view text);

class JoinFilter {
 public:
  explicit JoinFilter(size_t tokens);

  void AddToken(std::string_view text);
  bool MayJoin(std::string_view left, std::string_view right) const {
    return Test(BitOf(left, right));
  }

 private:
  size_t BitOf(std::string_view left, std::string_view right) const;
  bool Test(size_t bit) const { return words_[bit / 64] >> (bit % 64) & 1; }

  std::vector<uint64_t> words_;
};

}  // namespace motley
