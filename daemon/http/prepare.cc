#include "daemon/http/prepare.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/http/answer/ids.h"
#include "daemon/http/errors.h"
#include "daemon/validate/body.h"
#include "engine/template/ordered_json.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kDefaultCompletionTokens = 16;
// Entries of prompt log-probabilities one answer may hold, about 100 bytes each.
constexpr size_t kMaxPromptScores = size_t{4} << 20;

Error Loading(std::string message) {
  Error error = Error::Unavailable(std::move(message));
  error.field = kLoadingField;
  return error;
}

Result<ModelCard> ChosenModel(const Service& service, const json& body) {
  const std::vector<ModelCard> cards = service.models();
  std::vector<std::string> ids;
  for (const ModelCard& card : cards) ids.push_back(card.id);
  return cards[TRY(ChooseModel(body, ids))];
}

Status CheckScores(const PreparedGeneration& prepared) {
  const GenerationRequest& request = prepared.request;
  if (!request.echo || request.logprobs == kNoLogprobs) return {};
  size_t scores = 0;
  for (const Choice& choice : prepared.choices) {
    scores += choice.prompt.size() * static_cast<size_t>(request.logprobs + 1);
  }
  if (scores <= kMaxPromptScores) return {};
  return Error::Invalid(
      "prompt", fmt::format("echo with logprobs would return {} log-probabilities, at most {}; "
                            "send fewer prompts at once",
                            scores, kMaxPromptScores));
}

Result<std::vector<int32_t>> Tokens(const Prompt& prompt, const Tokenizer& tokenizer,
                                    const ModelCard& model) {
  if (const auto* ids = std::get_if<std::vector<int32_t>>(&prompt)) return *ids;
  const std::string& text = std::get<std::string>(prompt);
  TRY(CheckPromptBytes(text.size(), model));
  return tokenizer.Encode(text, Specials::kParse, Bos::kAsModel);
}

std::string EchoText(const Prompt& prompt, const Tokenizer& tokenizer) {
  if (const auto* text = std::get_if<std::string>(&prompt)) return *text;
  return tokenizer.Decode(std::get<std::vector<int32_t>>(prompt), Specials::kParse);
}

Status AddChoices(PreparedGeneration& prepared, std::vector<int32_t> tokens, std::string echo) {
  TRY(CheckPromptTokens(tokens.size(), prepared.request.max_tokens, prepared.model));
  for (int draw = 0; draw < prepared.request.choices; ++draw) {
    Choice choice;
    choice.index = static_cast<int>(prepared.choices.size());
    choice.draw = draw;
    choice.prompt = tokens;
    choice.prompt_text = echo;
    prepared.choices.push_back(std::move(choice));
  }
  return {};
}

}  // namespace

Status CheckServing(const Service& service) {
  switch (service.state()) {
    case ServiceState::kStarting:
    case ServiceState::kLoading:
      return Loading(
          fmt::format("the model is loading, {:.0f} % done", 100 * service.load_progress()));
    case ServiceState::kDraining:
      return Error::Unavailable("the service is stopping");
    case ServiceState::kReady:
    case ServiceState::kDegraded:
      break;
  }
  if (service.tokenizer() == nullptr || service.models().empty()) {
    return Loading("no model is loaded yet");
  }
  return {};
}

Result<PreparedGeneration> PrepareGeneration(Service& service, const std::string& text,
                                             Dialect dialect) {
  const json body = TRY(ParseBodyObject(text));
  TRY(CheckServing(service));
  const Tokenizer& tokenizer = *service.tokenizer();
  PreparedGeneration prepared;
  prepared.model = TRY(ChosenModel(service, body));
  prepared.request = TRY(ValidateGeneration(
      body, dialect,
      {.context_tokens = prepared.model.context_tokens, .vocabulary = tokenizer.size()}));
  GenerationRequest& request = prepared.request;
  if (!request.has_seed) request.sampling.seed = RandomSeed();
  if (dialect == Dialect::kChat) {
    TRY(AddChoices(prepared, TRY(service.EncodeChat(TRY(ParseOrderedJson(text)))), ""));
  }
  for (const Prompt& prompt : request.prompts) {
    TRY(AddChoices(prepared, TRY(Tokens(prompt, tokenizer, prepared.model)),
                   request.echo ? EchoText(prompt, tokenizer) : ""));
  }
  TRY(CheckScores(prepared));
  return prepared;
}

GenerationJob JobFor(const PreparedGeneration& prepared, const Choice& choice,
                     const Tokenizer& tokenizer, const std::string& id) {
  const GenerationRequest& wanted = prepared.request;
  const int room = prepared.model.context_tokens - static_cast<int>(choice.prompt.size());
  const int usual = wanted.dialect == Dialect::kChat ? room : kDefaultCompletionTokens;
  GenerationJob job;
  Request& request = job.request;
  request.id = prepared.choices.size() == 1 ? id : fmt::format("{}-{}", id, choice.index);
  request.prompt = choice.prompt;
  request.max_tokens = std::min(wanted.max_tokens.value_or(usual), room);
  request.min_tokens = std::min(wanted.min_tokens, request.max_tokens);
  request.end_tokens = tokenizer.end_tokens();
  request.ignore_end = wanted.ignore_end;
  request.sampling = wanted.sampling;
  request.sampling.seed += static_cast<uint64_t>(choice.draw);
  request.logprobs = wanted.logprobs;
  if (wanted.echo) request.prompt_logprobs = wanted.logprobs;
  job.stop = wanted.stop;
  return job;
}

}  // namespace motley
