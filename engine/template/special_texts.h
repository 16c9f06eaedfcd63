#pragma once
// The texts of a vocabulary's special tokens, for finding them in a text. Immutable: any thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace motley {

class SpecialTexts {
 public:
  // Empty texts are ignored.
  SpecialTexts(const std::vector<std::string>& texts = {});

  // Bytes of the longest special text that begins at `offset`; 0: none.
  size_t MatchAt(std::string_view text, size_t offset) const {
    return forward_.Longest(text, offset);
  }
  // `text` ends with a beginning of a special text that is not all of it: what follows could
  // complete it.
  bool EndsWithABeginning(std::string_view text) const;
  // `text` begins with an end of a special text that is not all of it: what stands before could
  // complete it.
  bool BeginsWithAnEnd(std::string_view text) const;
  bool empty() const { return longest_ == 0; }

 private:
  // A tree of bytes; node 0 is the root.
  class Tree {
   public:
    Tree();
    void Add(std::string_view text);
    size_t Longest(std::string_view text, size_t offset) const;
    // `text` is the beginning of an entry that goes on.
    bool HoldsBeginning(std::string_view text) const;

   private:
    struct Node {
      std::vector<std::pair<char, uint32_t>> children;
      bool ends = false;
    };
    uint32_t Child(uint32_t node, char byte) const;
    std::vector<Node> nodes_;
    std::array<uint32_t, 256> first_{};  // the root's children, by byte
  };

  Tree forward_, backward_;
  size_t longest_ = 0;
};

}  // namespace motley
