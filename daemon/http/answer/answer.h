#pragma once
// A generation as OpenAI's JSON: whole answers and the chunks of a stream. Chat and completions
// differ only in what one choice looks like. Used by one thread at a time.

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/http/answer/logprobs.h"
#include "daemon/service.h"
#include "daemon/validate/generation.h"

namespace motley {

// One choice as it grows. A stream does not keep text and tokens.
struct Choice {
  int index = 0;
  int draw = 0;  // 0..n-1 of its prompt: its seed is the request's plus this
  std::vector<int32_t> prompt;
  std::string prompt_text;  // with echo
  std::string text;
  std::vector<TokenLogprob> tokens, prompt_scores;
  size_t offset = 0;  // of the next token in the text so far, in characters
  bool echoed = false;
  std::optional<FinishReason> finished;
  Timings timings;
};

class Answer {
 public:
  using Json = nlohmann::ordered_json;
  struct Head {
    std::string id, model;
    int64_t created = 0;  // unix seconds
  };

  // `request` and `tokenizer` must outlive it.
  static std::unique_ptr<Answer> Make(const GenerationRequest& request, const Tokenizer& tokenizer,
                                      Head head);
  virtual ~Answer() = default;

  // The body of an answer that is not streamed.
  Json Whole(const std::vector<Choice>& choices) const;
  // Chunks. Opening and Echo: nothing in dialects that have none.
  std::optional<Json> Opening(const Choice& choice) const;
  std::optional<Json> Echo(Choice& choice) const;
  Json Delta(Choice& choice, const std::string& text, std::span<const TokenLogprob> tokens) const;
  Json Ending(const Choice& choice) const;
  Json Usage(const std::vector<Choice>& choices) const;
  // Says nothing: keeps proxies and clients awake.
  Json Pause() const;
  // "timings", "plan_id" and "stages", summed over the choices.
  static void AddTimings(Json& body, const std::vector<Choice>& choices);

 protected:
  Answer(const GenerationRequest& request, const Tokenizer& tokenizer, Head head)
      : request_(request), names_(tokenizer, request.tokens_as_ids), head_(std::move(head)) {}
  virtual const char* object(bool chunk) const = 0;
  virtual Json WholeChoice(const Choice& choice) const = 0;
  virtual std::optional<Json> OpeningChoice(const Choice& choice) const = 0;
  virtual std::optional<Json> EchoChoice(Choice& choice) const = 0;
  virtual Json DeltaChoice(Choice& choice, const std::string& text,
                           std::span<const TokenLogprob> tokens) const = 0;
  virtual Json EndingChoice(int index, Json reason) const = 0;

  const GenerationRequest& request_;
  const TokenNames names_;

 private:
  Json Envelope(bool chunk, Json choices) const;
  const Head head_;
};

// "stop", "length"; null while it runs.
nlohmann::ordered_json FinishJson(const std::optional<FinishReason>& finished);
nlohmann::ordered_json TokenIds(std::span<const TokenLogprob> tokens);

// One server-sent event.
std::string SseEvent(const nlohmann::ordered_json& data);
inline constexpr char kSseDone[] = "data: [DONE]\n\n";

}  // namespace motley
