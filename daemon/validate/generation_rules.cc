#include "daemon/validate/generation_rules.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "daemon/validate/prompts.h"

namespace motley {
namespace {

using nlohmann::json;
using Draft = GenerationDraft;

constexpr Range kNoRange = {};
constexpr Range kSeeds = {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};

template <float SamplingParams::*member>
Status SetFloat(const json& value, Draft& draft) {
  draft.request.sampling.*member = value.get<float>();
  return {};
}

template <bool GenerationRequest::*member>
Status SetFlag(const json& value, Draft& draft) {
  draft.request.*member = value.get<bool>();
  return {};
}

Status Accept(const json&, Draft&) { return {}; }

// The largest is the model's context, so the table cannot hold it.
Result<int> TokenCount(const char* name, const json& value, int low, const Draft& draft) {
  TRY(CheckKind(
      name, value, Kind::kInteger,
      {static_cast<long double>(low), static_cast<long double>(draft.limits.context_tokens)}));
  return static_cast<int>(IntegerOf(value));
}

Status SetMaxTokens(const json& value, Draft& draft) {
  const int low = draft.request.dialect == Dialect::kChat ? 1 : 0;
  draft.request.max_tokens = TRY(TokenCount("max_tokens", value, low, draft));
  return {};
}

Status SetMaxCompletionTokens(const json& value, Draft& draft) {
  draft.max_completion_tokens = TRY(TokenCount("max_completion_tokens", value, 1, draft));
  return {};
}

Status SetMinTokens(const json& value, Draft& draft) {
  draft.request.min_tokens = TRY(TokenCount("min_tokens", value, 0, draft));
  return {};
}

Status SetTopK(const json& value, Draft& draft) {
  draft.request.sampling.top_k =
      std::max(0, static_cast<int>(IntegerOf(value)));  // -1: off, as vLLM
  return {};
}

Status SetSeed(const json& value, Draft& draft) {
  draft.request.sampling.seed = static_cast<uint64_t>(IntegerOf(value));
  draft.request.has_seed = true;
  return {};
}

Status SetChoices(const json& value, Draft& draft) {
  draft.request.choices = static_cast<int>(IntegerOf(value));
  return {};
}

Status SetChatLogprobs(const json& value, Draft& draft) {
  draft.wants_logprobs = value.get<bool>();
  return {};
}

Status SetTopLogprobs(const json& value, Draft& draft) {
  draft.top_logprobs = static_cast<int>(IntegerOf(value));
  draft.has_top_logprobs = draft.top_logprobs > 0;
  return {};
}

Status SetCompletionLogprobs(const json& value, Draft& draft) {
  draft.request.logprobs = static_cast<int>(IntegerOf(value));
  return {};
}

Status SetBestOf(const json& value, Draft& draft) {
  draft.best_of = static_cast<int>(IntegerOf(value));
  return {};
}

Status RefuseTemplate(const json&, Draft&) {
  return Error::Invalid("chat_template",
                        "a request may not bring a chat template: the model's own is used");
}

Status SetPrompt(const json& value, Draft& draft) {
  draft.request.prompts = TRY(ReadPrompts(value, draft.limits.vocabulary));
  return {};
}

constexpr GenerationRule kCommon[] = {
    {"model", Kind::kString, kNoRange, Accept},  // ChooseModel
    {"temperature", Kind::kNumber, {0, 2}, SetFloat<&SamplingParams::temperature>},
    {"top_p", Kind::kNumber, {0, 1}, SetFloat<&SamplingParams::top_p>},
    {"top_k", Kind::kInteger, {-1, 1 << 20}, SetTopK},
    {"min_p", Kind::kNumber, {0, 1}, SetFloat<&SamplingParams::min_p>},
    {"repetition_penalty",
     Kind::kNumber,
     {0.01, 10},
     SetFloat<&SamplingParams::repetition_penalty>},
    {"repeat_penalty", Kind::kNumber, {0.01, 10}, SetFloat<&SamplingParams::repetition_penalty>},
    {"presence_penalty", Kind::kNumber, {-2, 2}, SetFloat<&SamplingParams::presence_penalty>},
    {"frequency_penalty", Kind::kNumber, {-2, 2}, SetFloat<&SamplingParams::frequency_penalty>},
    {"logit_bias", Kind::kObject, kNoRange, SetLogitBias},
    {"seed", Kind::kInteger, kSeeds, SetSeed},
    {"n", Kind::kInteger, {1, kMaxChoices}, SetChoices},
    {"max_tokens", Kind::kAny, kNoRange, SetMaxTokens},
    {"min_tokens", Kind::kAny, kNoRange, SetMinTokens},
    {"ignore_eos", Kind::kBoolean, kNoRange, SetFlag<&GenerationRequest::ignore_end>},
    {"stop", Kind::kAny, kNoRange, SetStop},
    {"stream", Kind::kBoolean, kNoRange, SetFlag<&GenerationRequest::stream>},
    {"stream_options", Kind::kObject, kNoRange, SetStreamOptions},
    {"return_token_ids", Kind::kBoolean, kNoRange, SetFlag<&GenerationRequest::return_token_ids>},
    {"return_tokens_as_token_ids", Kind::kBoolean, kNoRange,
     SetFlag<&GenerationRequest::tokens_as_ids>},
    {"response_format", Kind::kObject, kNoRange, CheckResponseFormat},
    {"user", Kind::kString, kNoRange, Accept},
    {"metadata", Kind::kObject, kNoRange, Accept},
    {"service_tier", Kind::kString, kNoRange, nullptr},
    {"store", Kind::kBoolean, kNoRange, nullptr},
    {"cache_prompt", Kind::kBoolean, kNoRange, nullptr},
};

// Messages and what else the template reads are checked in depth where it is rendered
// (engine/template).
constexpr GenerationRule kChatOnly[] = {

    {"messages", Kind::kArray, kNoRange, CheckMessages},
    {"max_completion_tokens", Kind::kAny, kNoRange, SetMaxCompletionTokens},
    {"logprobs", Kind::kBoolean, kNoRange, SetChatLogprobs},
    {"top_logprobs", Kind::kInteger, {0, kMaxLogprobs}, SetTopLogprobs},
    {"tools", Kind::kArray, kNoRange, CheckTools},
    {"tool_choice", Kind::kAny, kNoRange, CheckToolChoice},
    {"parallel_tool_calls", Kind::kBoolean, kNoRange, nullptr},
    {"reasoning_effort", Kind::kString, kNoRange, Accept},
    {"modalities", Kind::kArray, kNoRange, CheckModalities},
    {"chat_template_kwargs", Kind::kObject, kNoRange, Accept},
    {"add_generation_prompt", Kind::kBoolean, kNoRange, Accept},
    {"documents", Kind::kArray, kNoRange, Accept},
    {"chat_template", Kind::kAny, kNoRange, RefuseTemplate},
};

constexpr GenerationRule kCompletionOnly[] = {
    {"prompt", Kind::kAny, kNoRange, SetPrompt},
    {"echo", Kind::kBoolean, kNoRange, SetFlag<&GenerationRequest::echo>},
    {"logprobs", Kind::kInteger, {0, kMaxLogprobs}, SetCompletionLogprobs},
    {"suffix", Kind::kString, kNoRange, CheckSuffix},
    {"best_of", Kind::kInteger, {1, kMaxChoices}, SetBestOf},
};

template <size_t N>
std::vector<GenerationRule> Joined(const GenerationRule (&own)[N]) {
  std::vector<GenerationRule> rules(std::begin(kCommon), std::end(kCommon));
  rules.insert(rules.end(), std::begin(own), std::end(own));
  return rules;
}

}  // namespace

std::span<const GenerationRule> GenerationRules(Dialect dialect) {
  static const std::vector<GenerationRule> chat = Joined(kChatOnly);
  static const std::vector<GenerationRule> completion = Joined(kCompletionOnly);
  return dialect == Dialect::kChat ? chat : completion;
}

}  // namespace motley
