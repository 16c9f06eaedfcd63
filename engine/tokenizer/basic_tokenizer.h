#pragma once
// What the tokenisers have in common: special tokens, beginning and end, pieces and their joining.
// The kinds differ in how they encode the text between special tokens. Immutable after
// construction: any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/special_splitter.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace motley {

class BasicTokenizer : public Tokenizer {
 public:
  std::vector<int32_t> Encode(std::string_view text, Specials specials, Bos bos) const override;
  std::string Piece(int32_t token, Specials specials) const override;
  std::string Decode(const std::vector<int32_t>& tokens, Specials specials) const override;
  int size() const override { return vocabulary_.size(); }
  int32_t bos() const override { return vocabulary_.bos; }
  int32_t eos() const override { return vocabulary_.eos; }
  const std::vector<int32_t>& end_tokens() const override { return vocabulary_.end_tokens; }
  bool IsSpecial(int32_t token) const override {
    return Has(token) && vocabulary_.IsSpecial(token);
  }
  bool adds_bos() const override { return vocabulary_.add_bos && vocabulary_.bos >= 0; }

 protected:
  enum class FirstSpace {
    kNone,
    kAdded
  };  // before a text that begins the input or follows a special token
  BasicTokenizer(Vocabulary vocabulary, FirstSpace first_space);

  // Appends the tokens of a text without special tokens, at most 1 GiB of it, to `tokens`.
  virtual void EncodeText(std::string_view text, FirstSpace first_space,
                          std::vector<int32_t>* tokens) const = 0;

  bool Has(int32_t token) const { return token >= 0 && token < vocabulary_.size(); }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  // Makes the bytes of every token; `normal` says what an ordinary token's text stands for.
  void MakePieces(std::string (*normal)(std::string_view text));

 private:
  void EncodeFragment(std::string_view text, FirstSpace first_space,
                      std::vector<int32_t>* tokens) const;

  Vocabulary vocabulary_;
  SpecialSplitter splitter_;
  FirstSpace first_space_;
  std::vector<std::string> pieces_;
};

}  // namespace motley
