#pragma once
// SentencePiece's unigram-scored BPE (tokenizer.ggml.model "llama": Llama 2, Mistral 7B, Phi-3,
// Gemma): spaces become U+2581, characters are merged into the best-scored token first, what is in
// no token is written as bytes "<0xE2>". Works on bytes: invalid UTF-8 keeps them.

#include <array>
#include <memory>

#include "engine/tokenizer/basic_tokenizer.h"
#include "engine/tokenizer/merging/hash_tables.h"
#include "engine/tokenizer/merging/join_filter.h"
#include "engine/tokenizer/merging/merger.h"

namespace motley {

class SpmTokenizer : public BasicTokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> Load(const Manifest& manifest);

 private:
  SpmTokenizer(Vocabulary vocabulary, FirstSpace first_space);

  void EncodeText(std::string_view text, FirstSpace first_space,
                  std::vector<int32_t>* tokens) const override;
  // A part of the text that no token crosses the ends of, character by character.
  struct Piece {
    Merger merger;
    std::vector<uint32_t> begins;
  };
  // `text` ends where the piece does.
  void EncodePiece(std::string_view text, Piece* piece, std::vector<int32_t>* tokens) const;
  void AppendBytes(std::string_view character, std::vector<int32_t>* tokens) const;

  // Without control and unknown tokens: merging a user's text can make none.
  TextTable by_text_;
  JoinFilter joins_;
  size_t longest_ = 0;                // bytes of the longest text in by_text_
  std::vector<uint32_t> ranks_;       // of each token; falls as its score rises
  std::array<int32_t, 256> of_byte_;  // -1: none
};

}  // namespace motley
