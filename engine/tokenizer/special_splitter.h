#pragma once
// Finds the tokens that are matched as a whole (control, unknown and user-defined ones) before
// anything else is done with a text. Immutable after construction: any thread.
//
// Longer texts win over shorter ones wherever they stand, then leftmost first: what searching for
// one token after the other in falling length gives, in time linear in the text for any number of
// tokens.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace motley {

// A token, or (token -1) the text between two of them.
struct Fragment {
  int32_t token = -1;
  std::string_view text;
};

class SpecialSplitter {
 public:
  explicit SpecialSplitter(const Vocabulary& vocabulary);

  // In order, without empty texts. With kText only user-defined tokens are found.
  std::vector<Fragment> Split(std::string_view text, Specials specials) const;

 private:
  struct Node {
    int32_t child = -1;
    int32_t sibling = -1;
    int32_t rank = -1;  // of the token that ends here
    char byte = 0;
  };
  struct Whole {
    int32_t token;
    uint32_t length;
    bool only_parsed;  // left alone with kText
    bool strip_left;
    bool strip_right;
  };
  // Starts of one token at `count` neighbouring bytes; a run of spaces is one such entry, not
  // millions.
  struct Starts {
    int32_t rank;
    size_t first;
    size_t count;
  };
  struct Claim {
    size_t begin;
    size_t end;
    int32_t token;
  };
  class Claims;

  void AddToTrie(std::string_view text, int32_t rank);
  int32_t Child(int32_t node, char byte) const;  // -1: none
  std::vector<Starts> FindStarts(std::string_view text, Specials specials) const;

  std::vector<Whole> wholes_;  // by rank: longest first
  std::vector<Node> nodes_;
  std::array<int32_t, 256> roots_;
  bool strips_ = false;
};

}  // namespace motley
