#include "daemon/http/answer/answer.h"

#include <algorithm>

#include "daemon/http/answer/answer_shapes.h"
#include "daemon/http/errors.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

Json UsageJson(const std::vector<Choice>& choices) {
  int64_t prompt = 0, completion = 0;
  for (const Choice& choice : choices) {
    if (choice.draw == 0) prompt += static_cast<int64_t>(choice.prompt.size());
    completion += choice.timings.predicted_n;
  }
  return {{"prompt_tokens", prompt},
          {"completion_tokens", completion},
          {"total_tokens", prompt + completion},
          {"prompt_tokens_details", {{"cached_tokens", 0}}},
          {"completion_tokens_details", {{"reasoning_tokens", 0}}}};
}

void Merge(std::vector<StageTime>& all, const StageTime& stage) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const StageTime& other) {
    return other.device == stage.device && other.first_item == stage.first_item &&
           other.last_item == stage.last_item;
  });
  if (same == all.end()) {
    all.push_back(stage);
  } else {
    same->ms += stage.ms;
  }
}

Timings Total(const std::vector<Choice>& choices) {
  Timings total;
  for (const Choice& choice : choices) {
    const Timings& one = choice.timings;
    total.prompt_n += one.prompt_n;
    total.predicted_n += one.predicted_n;
    total.queue_ms = std::max(total.queue_ms, one.queue_ms);
    total.prompt_ms = std::max(total.prompt_ms, one.prompt_ms);
    total.predicted_ms = std::max(total.predicted_ms, one.predicted_ms);
    if (total.plan_id.empty()) total.plan_id = one.plan_id;
    for (const StageTime& stage : one.stages) Merge(total.stages, stage);
  }
  return total;
}

}  // namespace

std::unique_ptr<Answer> Answer::Make(const GenerationRequest& request, const Tokenizer& tokenizer,
                                     Head head) {
  if (request.dialect == Dialect::kChat) {
    return std::make_unique<ChatAnswer>(request, tokenizer, std::move(head));
  }
  return std::make_unique<CompletionAnswer>(request, tokenizer, std::move(head));
}

Json Answer::Envelope(bool chunk, Json choices) const {
  Json body = {{"id", head_.id},
               {"object", object(chunk)},
               {"created", head_.created},
               {"model", head_.model},
               {"choices", std::move(choices)}};
  if (chunk && request_.include_usage) body["usage"] = nullptr;
  return body;
}

Json Answer::Whole(const std::vector<Choice>& choices) const {
  Json all = Json::array();
  for (const Choice& choice : choices) all.push_back(WholeChoice(choice));
  Json body = Envelope(false, std::move(all));
  body["usage"] = UsageJson(choices);
  AddTimings(body, choices);
  return body;
}

std::optional<Json> Answer::Opening(const Choice& choice) const {
  auto opening = OpeningChoice(choice);
  if (!opening) return std::nullopt;
  return Envelope(true, Json::array({std::move(*opening)}));
}

std::optional<Json> Answer::Echo(Choice& choice) const {
  auto echo = EchoChoice(choice);
  if (!echo) return std::nullopt;
  return Envelope(true, Json::array({std::move(*echo)}));
}

Json Answer::Delta(Choice& choice, const std::string& text,
                   std::span<const TokenLogprob> tokens) const {
  return Envelope(true, Json::array({DeltaChoice(choice, text, tokens)}));
}

Json Answer::Ending(const Choice& choice) const {
  return Envelope(true, Json::array({EndingChoice(choice.index, FinishJson(choice.finished))}));
}

Json Answer::Usage(const std::vector<Choice>& choices) const {
  Json body = Envelope(true, Json::array());
  body["usage"] = UsageJson(choices);
  AddTimings(body, choices);
  return body;
}

Json Answer::Pause() const { return Envelope(true, Json::array({EndingChoice(0, nullptr)})); }

void Answer::AddTimings(Json& body, const std::vector<Choice>& choices) {
  const Timings total = Total(choices);
  body["timings"] = {{"queue_ms", total.queue_ms},
                     {"prompt_n", total.prompt_n},
                     {"prompt_ms", total.prompt_ms},
                     {"predicted_n", total.predicted_n},
                     {"predicted_ms", total.predicted_ms}};
  body["plan_id"] = total.plan_id;
  Json stages = Json::array();
  for (const StageTime& stage : total.stages) {
    stages.push_back({{"device", stage.device},
                      {"first_item", stage.first_item},
                      {"last_item", stage.last_item},
                      {"ms", stage.ms}});
  }
  body["stages"] = std::move(stages);
}

Json FinishJson(const std::optional<FinishReason>& finished) {
  if (!finished) return nullptr;
  return *finished == FinishReason::kLength ? "length" : "stop";
}

Json TokenIds(std::span<const TokenLogprob> tokens) {
  Json ids = Json::array();
  for (const TokenLogprob& token : tokens) ids.push_back(token.token);
  return ids;
}

std::string SseEvent(const Json& data) { return "data: " + ToText(data) + "\n\n"; }

}  // namespace motley
