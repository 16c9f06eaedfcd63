#pragma once
// Byte-level BPE (tokenizer.ggml.model "gpt2": GPT-2, Llama 3, Qwen, SmolLM, ...): a pre-tokeniser
// cuts words, within a word the merges of the file are done in their order. Bytes that are not
// UTF-8 become U+FFFD first.

#include <deque>
#include <memory>

#include "engine/tokenizer/basic_tokenizer.h"
#include "engine/tokenizer/merging/hash_tables.h"
#include "engine/tokenizer/merging/merger.h"
#include "engine/tokenizer/words/pretokenizer.h"

namespace motley {

class BpeTokenizer : public BasicTokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> Load(const Manifest& manifest);

 private:
  BpeTokenizer(Vocabulary vocabulary, Pretokenizer pretokenizer,
               const std::vector<std::string>& merges);

  // A symbol is a byte string that is a single byte, a token or part of a merge; the first 256 are
  // the bytes.
  int32_t Symbol(const std::string& bytes);
  void AddTokens();
  void AddMerges(const std::vector<std::string>& merges);

  void EncodeText(std::string_view text, FirstSpace first_space,
                  std::vector<int32_t>* tokens) const override;
  void EncodeWord(std::string_view word, Merger* merger, std::vector<int32_t>* tokens) const;
  void AppendSymbol(int32_t symbol, std::vector<int32_t>* tokens) const;

  Pretokenizer pretokenizer_;
  std::deque<std::string> symbols_;
  std::vector<int32_t> token_of_symbol_;
  TextTable by_bytes_;
  PairTable merges_;
};

}  // namespace motley
