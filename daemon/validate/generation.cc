#include "daemon/validate/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/nearest.h"
#include "daemon/validate/generation_rules.h"
#include "daemon/validate/utf8.h"

namespace motley {
namespace {

using nlohmann::json;

// Ids are lower case; a name as its file has it, with any case and ".gguf", means the same.
std::string IdOf(std::string name) {
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::string_view kSuffix = ".gguf";
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name;
}

// What no single field can tell.
Status CheckTogether(const json& body, const GenerationDraft& draft) {
  const GenerationRequest& request = draft.request;
  const bool chat = request.dialect == Dialect::kChat;
  if (const char* input = chat ? "messages" : "prompt";
      !body.contains(input) || body[input].is_null()) {
    return Error::Invalid(input, fmt::format("{} is missing", input));
  }
  if (draft.has_top_logprobs && request.logprobs == kNoLogprobs) {
    return Error::Invalid("top_logprobs", "top_logprobs is only allowed with logprobs: true");
  }
  if (draft.has_stream_options && !request.stream) {
    return Error::Invalid("stream_options", "stream_options is only allowed with stream: true");
  }
  if (request.max_tokens && request.min_tokens > *request.max_tokens) {
    return Error::Invalid("min_tokens",
                          fmt::format("min_tokens is {}, must not exceed max_tokens {}",
                                      request.min_tokens, *request.max_tokens));
  }
  if (draft.best_of > request.choices) {
    Error error = Error::Unsupported(fmt::format(
        "best_of is {} and n is {}: only best_of = n is served", draft.best_of, request.choices));
    error.field = "best_of";
    return error;
  }
  if (request.prompts.size() * static_cast<size_t>(request.choices) > size_t{kMaxPrompts}) {
    return Error::Invalid(
        "n", fmt::format("{} prompts with n {} make {} answers, at most {}", request.prompts.size(),
                         request.choices, request.prompts.size() * request.choices, kMaxPrompts));
  }
  return {};
}

// Settings whose edge means greedy: nothing else is left to draw from.
void SettleSampling(SamplingParams& sampling) {
  constexpr float kColdest = 1e-4f;
  if (sampling.top_p == 0 || sampling.temperature < kColdest) {
    sampling.temperature = 0;
    sampling.top_p = 1;
  }
}

}  // namespace

Result<GenerationRequest> ValidateGeneration(const json& body, Dialect dialect,
                                             const RequestLimits& limits) {
  GenerationDraft draft{.limits = limits};
  draft.request.dialect = dialect;

  TRY(ApplyRules(body, GenerationRules(dialect), draft, draft.request.unknown,
                 draft.request.without_effect));
  if (draft.wants_logprobs) draft.request.logprobs = draft.top_logprobs;
  if (draft.max_completion_tokens) draft.request.max_tokens = draft.max_completion_tokens;

  TRY(CheckTogether(body, draft));
  SettleSampling(draft.request.sampling);
  return std::move(draft.request);
}

Result<size_t> ChooseModel(const json& body, const std::vector<std::string>& ids) {
  if (ids.empty()) return Error::Unavailable("no model is loaded");
  const auto field = body.find("model");
  if (field == body.end() || field->is_null()) return size_t{0};
  TRY(CheckKind("model", *field, Kind::kString, {}));
  const std::string& name = field->get_ref<const std::string&>();
  const auto found = std::ranges::find(ids, IdOf(name));
  if (found != ids.end()) return static_cast<size_t>(found - ids.begin());
  Error error = Error::NotFound(fmt::format("model {} is not served here; the nearest name is {}",
                                            Shorten(name, 128), NearestName(name, ids)));
  error.field = "model";
  return error;
}

}  // namespace motley
