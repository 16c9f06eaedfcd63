#pragma once
// Cuts text into the words that byte-level BPE merges within, as the model was trained: named by
// tokenizer.ggml.pre.
//
// Each pre-tokeniser is a few passes; each pass cuts the pieces of the one before it. A pass is a
// rule that says what stands at a place, asked from left to right; every rule takes time in
// proportion to what it consumes, so any text of any length takes linear time and no stack (a
// backtracking regular expression takes neither promise). The regular expressions that the rules
// stand for are named beside them. Immutable: any thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace motley {

// A place in the text, and the end of the piece it is in.
struct Place {
  const char32_t* at;
  const char32_t* end;
  const uint8_t* classes;

  bool Is(const char32_t* p, uint8_t char_classes) const {
    return p < end && classes[*p] & char_classes;
  }
};

// What a rule found: the next `length` (> 0) code points are a piece, or no piece begins in them.
struct Found {
  size_t length;
  bool piece;
};
using PieceRule = Found (*)(const Place&);

class Pretokenizer {
 public:
  // The name of a GGUF's tokenizer.ggml.pre; empty is "default". Unknown: Unsupported, with the
  // list of the known.
  static Result<Pretokenizer> Named(const std::string& name);

  // Ends of the words, in code points from the start of `text`; they cover it without gap. `ends`
  // is overwritten.
  void Split(std::span<const char32_t> text, std::vector<uint32_t>* ends) const;

  // Words that are in the vocabulary are taken whole, whatever the merges say.
  bool ignores_merges() const { return ignores_merges_; }
  // tokenizer.ggml.add_bos_token where the file does not have it.
  bool adds_bos() const { return adds_bos_; }

 private:
  std::span<const PieceRule> passes_;
  bool ignores_merges_ = false;
  bool adds_bos_ = false;
};

}  // namespace motley
