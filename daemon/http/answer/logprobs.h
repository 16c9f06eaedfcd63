#pragma once
// Log-probabilities in OpenAI's two shapes. Pure; any thread.

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "engine/tokenizer/tokenizer.h"
#include "scheduler/request.h"

namespace motley {

// How tokens are called in answers: their text ("bytes:\xf0\x9f" for parts of a character, as
// OpenAI's), or "token_id:123" (return_tokens_as_token_ids).
class TokenNames {
 public:
  TokenNames(const Tokenizer& tokenizer, bool as_ids) : tokenizer_(tokenizer), as_ids_(as_ids) {}
  std::string Name(int32_t token) const;  // valid UTF-8
  // As the tokeniser has them; with kText none for special tokens, which answers do not show.
  std::string Bytes(int32_t token, Specials specials = Specials::kParse) const;

 private:
  const Tokenizer& tokenizer_;
  bool as_ids_;
};

// {"content":[{token, logprob, bytes, top_logprobs:[{token, logprob, bytes}]}], "refusal":null};
// `alternatives` of them per token at most.
nlohmann::ordered_json ChatLogprobs(const TokenNames& names, std::span<const TokenLogprob> tokens,
                                    int alternatives);

// {tokens, token_logprobs, top_logprobs, text_offset}, grown token by token. top_logprobs hold the
// alternatives and the token itself, as vLLM's do. A first prompt token has null for both. Offsets
// count characters from the start of the text.
class CompletionLogprobs {
 public:
  CompletionLogprobs(const TokenNames& names, int alternatives, size_t offset);
  // `specials`: whether the text shows the token if it is special (a prompt's does, an answer's
  // does not).
  void AddUnscored(int32_t token, Specials specials);
  void Add(const TokenLogprob& token, Specials specials);
  size_t offset() const { return offset_; }
  nlohmann::ordered_json Take() { return std::move(json_); }

 private:
  void AddName(int32_t token, Specials specials);
  const TokenNames& names_;
  const int alternatives_;
  size_t offset_;
  nlohmann::ordered_json json_;
};

}  // namespace motley
