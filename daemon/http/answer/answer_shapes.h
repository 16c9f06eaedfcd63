#pragma once
// What one choice looks like in each dialect; inside daemon/http only.

#include "daemon/http/answer/answer.h"

namespace motley {

class ChatAnswer : public Answer {
 public:
  ChatAnswer(const GenerationRequest& request, const Tokenizer& tokenizer, Head head)
      : Answer(request, tokenizer, std::move(head)) {}

 protected:
  const char* object(bool chunk) const override;
  Json WholeChoice(const Choice& choice) const override;
  std::optional<Json> OpeningChoice(const Choice& choice) const override;
  std::optional<Json> EchoChoice(Choice&) const override { return std::nullopt; }
  Json DeltaChoice(Choice& choice, const std::string& text,
                   std::span<const TokenLogprob> tokens) const override;
  Json EndingChoice(int index, Json reason) const override;

 private:
  Json LogprobsOf(std::span<const TokenLogprob> tokens) const;
};

class CompletionAnswer : public Answer {
 public:
  CompletionAnswer(const GenerationRequest& request, const Tokenizer& tokenizer, Head head)
      : Answer(request, tokenizer, std::move(head)) {}

 protected:
  const char* object(bool) const override { return "text_completion"; }
  Json WholeChoice(const Choice& choice) const override;
  std::optional<Json> OpeningChoice(const Choice&) const override { return std::nullopt; }
  std::optional<Json> EchoChoice(Choice& choice) const override;
  Json DeltaChoice(Choice& choice, const std::string& text,
                   std::span<const TokenLogprob> tokens) const override;
  Json EndingChoice(int index, Json reason) const override;

 private:
  void AddPrompt(CompletionLogprobs& logprobs, const Choice& choice) const;
};

}  // namespace motley
