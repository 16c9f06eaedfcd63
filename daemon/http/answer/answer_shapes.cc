#include "daemon/http/answer/answer_shapes.h"

namespace motley {

using Json = nlohmann::ordered_json;

const char* ChatAnswer::object(bool chunk) const {
  return chunk ? "chat.completion.chunk" : "chat.completion";
}

Json ChatAnswer::LogprobsOf(std::span<const TokenLogprob> tokens) const {
  if (request_.logprobs == kNoLogprobs) return nullptr;
  return ChatLogprobs(names_, tokens, request_.logprobs);
}

Json ChatAnswer::WholeChoice(const Choice& choice) const {
  Json json = {{"index", choice.index},
               {"message", {{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}}},
               {"logprobs", LogprobsOf(choice.tokens)},
               {"finish_reason", FinishJson(choice.finished)}};
  if (request_.return_token_ids) {
    json["prompt_token_ids"] = choice.prompt;
    json["token_ids"] = TokenIds(choice.tokens);
  }
  return json;
}

std::optional<Json> ChatAnswer::OpeningChoice(const Choice& choice) const {
  Json json = {{"index", choice.index},
               {"delta", {{"role", "assistant"}, {"content", ""}}},
               {"logprobs", nullptr},
               {"finish_reason", nullptr}};
  if (request_.return_token_ids) json["prompt_token_ids"] = choice.prompt;
  return json;
}

Json ChatAnswer::DeltaChoice(Choice& choice, const std::string& text,
                             std::span<const TokenLogprob> tokens) const {
  Json json = {{"index", choice.index},
               {"delta", {{"content", text}}},
               {"logprobs", LogprobsOf(tokens)},
               {"finish_reason", nullptr}};
  if (request_.return_token_ids) json["token_ids"] = TokenIds(tokens);
  return json;
}

Json ChatAnswer::EndingChoice(int index, Json reason) const {
  return {{"index", index},
          {"delta", Json::object()},
          {"logprobs", nullptr},
          {"finish_reason", std::move(reason)}};
}

// The core scores each prompt token but the first; one that scored them all would say so by their
// number.
void CompletionAnswer::AddPrompt(CompletionLogprobs& logprobs, const Choice& choice) const {
  const size_t scored = std::min(choice.prompt_scores.size(), choice.prompt.size());
  const size_t unscored = choice.prompt.size() - scored;
  // The tokeniser may have put a beginning token before a text, which the echo does not show.
  const bool shows_first = choice.prompt_text.starts_with(names_.Bytes(choice.prompt.front()));
  for (size_t i = 0; i < choice.prompt.size(); ++i) {
    if (i < unscored || i == 0) {
      logprobs.AddUnscored(choice.prompt[i],
                           i > 0 || shows_first ? Specials::kParse : Specials::kText);
    } else {
      logprobs.Add(choice.prompt_scores[i - unscored], Specials::kParse);
    }
  }
}

Json CompletionAnswer::WholeChoice(const Choice& choice) const {
  Json json = {{"index", choice.index},
               {"text", choice.prompt_text + choice.text},
               {"logprobs", nullptr},
               {"finish_reason", FinishJson(choice.finished)}};
  if (request_.logprobs != kNoLogprobs) {
    CompletionLogprobs logprobs(names_, request_.logprobs, 0);
    if (request_.echo) AddPrompt(logprobs, choice);
    for (const TokenLogprob& token : choice.tokens) logprobs.Add(token, Specials::kText);
    json["logprobs"] = logprobs.Take();
  }
  if (request_.return_token_ids) {
    json["prompt_token_ids"] = choice.prompt;
    json["token_ids"] = TokenIds(choice.tokens);
  }
  return json;
}

std::optional<Json> CompletionAnswer::EchoChoice(Choice& choice) const {
  if (!request_.echo && !request_.return_token_ids) return std::nullopt;
  Json json = {{"index", choice.index},
               {"text", choice.prompt_text},
               {"logprobs", nullptr},
               {"finish_reason", nullptr}};
  if (request_.echo && request_.logprobs != kNoLogprobs) {
    CompletionLogprobs logprobs(names_, request_.logprobs, choice.offset);
    AddPrompt(logprobs, choice);
    choice.offset = logprobs.offset();
    json["logprobs"] = logprobs.Take();
  }
  if (request_.return_token_ids) json["prompt_token_ids"] = choice.prompt;
  return json;
}

Json CompletionAnswer::DeltaChoice(Choice& choice, const std::string& text,
                                   std::span<const TokenLogprob> tokens) const {
  Json json = {
      {"index", choice.index}, {"text", text}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
  if (request_.logprobs != kNoLogprobs) {
    CompletionLogprobs logprobs(names_, request_.logprobs, choice.offset);
    for (const TokenLogprob& token : tokens) logprobs.Add(token, Specials::kText);
    choice.offset = logprobs.offset();
    json["logprobs"] = logprobs.Take();
  }
  if (request_.return_token_ids) json["token_ids"] = TokenIds(tokens);
  return json;
}

Json CompletionAnswer::EndingChoice(int index, Json reason) const {
  return {
      {"index", index}, {"text", ""}, {"logprobs", nullptr}, {"finish_reason", std::move(reason)}};
}

}  // namespace motley
