#pragma once
// The table of fields behind ValidateGeneration; inside daemon/validate only.

#include <optional>
#include <span>

#include "daemon/validate/generation.h"
#include "daemon/validate/rules.h"

namespace motley {

// A request being filled in, and what only makes sense once every field has been seen.
struct GenerationDraft {
  GenerationRequest request = {};
  RequestLimits limits;
  std::optional<int> max_completion_tokens = {};
  int top_logprobs = 0;
  bool wants_logprobs = false, has_top_logprobs = false, has_stream_options = false;

  int best_of = 0;
};

using GenerationRule = Rule<GenerationDraft>;

// Every field `dialect` knows.
std::span<const GenerationRule> GenerationRules(Dialect dialect);

// The setters that are more than one line. Check...: fields that must be right and set nothing,
// because the chat is rendered from the body itself or only one value is served.
Status SetLogitBias(const nlohmann::json& value, GenerationDraft& draft);
Status SetStop(const nlohmann::json& value, GenerationDraft& draft);
Status SetStreamOptions(const nlohmann::json& value, GenerationDraft& draft);
Status CheckResponseFormat(const nlohmann::json& value, GenerationDraft& draft);
Status CheckModalities(const nlohmann::json& value, GenerationDraft& draft);
Status CheckMessages(const nlohmann::json& value, GenerationDraft& draft);
Status CheckTools(const nlohmann::json& value, GenerationDraft& draft);
Status CheckToolChoice(const nlohmann::json& value, GenerationDraft& draft);

Status CheckSuffix(const nlohmann::json& value, GenerationDraft& draft);

}  // namespace motley
