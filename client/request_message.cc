#include "client/request_message.h"

namespace motley::client {

Result<v1::ClientMessage> ToMessage(const GenerateRequest& request) {
  const int prompts =
      request.prompt.has_value() + !request.tokens.empty() + !request.messages_json.empty();
  if (prompts != 1) {
    return Error::Invalid(
        "prompt", "give one of prompt, tokens and messages_json, not " + std::to_string(prompts));
  }
  v1::ClientMessage message;
  v1::Generate& out = *message.mutable_generate();
  if (request.prompt) out.set_text(*request.prompt);
  for (const int32_t id : request.tokens) out.mutable_tokens()->add_ids(id);
  if (!request.messages_json.empty()) out.set_messages_json(request.messages_json);
  out.set_model(request.model);
  if (request.max_tokens) out.set_max_tokens(*request.max_tokens);
  if (request.min_tokens) out.set_min_tokens(*request.min_tokens);
  if (request.top_k) out.set_top_k(*request.top_k);
  if (request.temperature) out.set_temperature(*request.temperature);
  if (request.top_p) out.set_top_p(*request.top_p);
  if (request.min_p) out.set_min_p(*request.min_p);
  if (request.repetition_penalty) out.set_repetition_penalty(*request.repetition_penalty);
  if (request.presence_penalty) out.set_presence_penalty(*request.presence_penalty);
  if (request.frequency_penalty) out.set_frequency_penalty(*request.frequency_penalty);
  if (request.seed) out.set_seed(*request.seed);
  for (const std::string& stop : request.stop) out.add_stop(stop);
  out.set_ignore_eos(request.ignore_eos);
  if (request.logprobs) out.set_logprobs(*request.logprobs);
  for (const auto& [token, bias] : request.logit_bias) (*out.mutable_logit_bias())[token] = bias;
  return message;
}

Piece FromMessage(const v1::Piece& message) {
  Piece piece{message.text(), {}};
  for (const v1::Token& token : message.tokens()) {
    Token& out = piece.tokens.emplace_back();
    out.id = token.id();
    out.logprob = token.logprob();
    for (const v1::Alternative& a : token.top()) out.top.emplace_back(a.id(), a.logprob());
  }
  return piece;
}

Ending FromMessage(const v1::Finished& message) {
  Ending ending;
  if (message.reason() == v1::Finished::LENGTH) ending.reason = Reason::kLength;
  if (message.reason() == v1::Finished::CANCELLED) ending.reason = Reason::kCancelled;
  ending.prompt_tokens = message.prompt_tokens();
  ending.generated_tokens = message.generated_tokens();
  ending.queue_ms = message.queue_ms();
  ending.prompt_ms = message.prompt_ms();
  ending.generated_ms = message.generated_ms();
  ending.plan_id = message.plan_id();
  for (const v1::Stage& s : message.stages()) {
    ending.stages.push_back({s.device(), s.first_item(), s.last_item(), s.ms()});
  }
  return ending;
}

}  // namespace motley::client
