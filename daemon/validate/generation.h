#pragma once
// The one validator in front of the core: a request for a generation, as JSON in OpenAI's words, to
// plain data with every value in its range. Shared by all doors; knows no HTTP, no tokeniser. Pure:
// any thread. Errors: InvalidArgument with the field and its range; Unsupported with the field
// (known words we cannot honour); NotFound with field "model" and the nearest name.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "scheduler/request.h"

namespace motley {

enum class Dialect { kChat, kCompletion };

// Of the model that will answer.
struct RequestLimits {
  int context_tokens = 0;
  int vocabulary = 0;
};

inline constexpr int kMaxChoices = 16;   // n
inline constexpr int kMaxLogprobs = 20;  // alternatives per token
inline constexpr int kMaxPrompts = 512;  // prompts x n of one request: what an empty queue holds
inline constexpr size_t kMaxMessages = 4096;
inline constexpr size_t kMaxTools = 256;
inline constexpr int kMaxStops = 16;  // strings of at most kMaxStopBytes
inline constexpr size_t kMaxStopBytes = 256;
inline constexpr size_t kMaxLogitBias = 1024;

using Prompt = std::variant<std::string, std::vector<int32_t>>;  // text or token ids

struct GenerationRequest {
  Dialect dialect = Dialect::kChat;

  // kCompletion: at least one. A chat is rendered from the body itself.
  std::vector<Prompt> prompts;
  SamplingParams sampling;        // seed: see has_seed; choice i uses seed + i
  bool has_seed = false;          // else the door draws one
  std::optional<int> max_tokens;  // absent: 16 for completions, what the context leaves for chat
  int min_tokens = 0;
  bool ignore_end = false;
  int choices = 1;
  int logprobs = kNoLogprobs;
  bool echo = false;
  std::vector<std::string> stop;
  bool stream = false;
  bool include_usage = false;
  bool return_token_ids = false;
  bool tokens_as_ids = false;        // log-probability entries are named "token_id:123"
  std::vector<std::string> unknown;  // fields nobody knows: accepted, unless the caller is strict
  std::vector<std::string> without_effect;  // known fields that change nothing here
};

// `body` is an object. Its "model" is only checked to be a string.
Result<GenerationRequest> ValidateGeneration(const nlohmann::json& body, Dialect dialect,
                                             const RequestLimits& limits);

// The index in `ids` of the model that `body` names; the first when it names none.
Result<size_t> ChooseModel(const nlohmann::json& body, const std::vector<std::string>& ids);

}  // namespace motley
