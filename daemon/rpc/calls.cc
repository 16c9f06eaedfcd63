#include "daemon/rpc/calls.h"

#include "client/proto/wire.h"
#include "daemon/http/answer/ids.h"
#include "daemon/http/errors.h"
#include "daemon/http/prepare.h"
#include "daemon/rpc/request_json.h"

namespace motley {
namespace {

constexpr int64_t kMostPendingBytes = 1 << 20;

void AddToken(const TokenLogprob& from, v1::Token* to) {
  to->set_id(from.token);
  to->set_logprob(from.logprob);
  for (const auto& [id, logprob] : from.top) {
    v1::Alternative* alternative = to->add_top();
    alternative->set_id(id);
    alternative->set_logprob(logprob);
  }
}

v1::ServerMessage PieceMessage(const GenerationEvent& event) {
  v1::ServerMessage message;
  v1::Piece* piece = message.mutable_piece();
  piece->set_text(event.text);
  for (const TokenLogprob& token : event.tokens) AddToken(token, piece->add_tokens());
  return message;
}

v1::Finished::Reason ReasonOf(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return v1::Finished::STOP;
    case FinishReason::kLength:
      return v1::Finished::LENGTH;
    case FinishReason::kCancelled:
    case FinishReason::kError:
      break;
  }
  return v1::Finished::CANCELLED;
}

v1::ServerMessage EndMessage(const GenerationEvent& event) {
  if (event.error) return FailureMessage(*event.error);
  if (event.finished == FinishReason::kError) {
    return FailureMessage(Error::Internal("the generation failed"));
  }
  v1::ServerMessage message;
  v1::Finished* finished = message.mutable_finished();
  finished->set_reason(ReasonOf(*event.finished));
  const Timings& t = event.timings;
  finished->set_prompt_tokens(t.prompt_n);
  finished->set_generated_tokens(t.predicted_n);
  finished->set_queue_ms(t.queue_ms);
  finished->set_prompt_ms(t.prompt_ms);
  finished->set_generated_ms(t.predicted_ms);
  finished->set_plan_id(t.plan_id);
  for (const StageTime& s : t.stages) {
    v1::Stage* stage = finished->add_stages();
    stage->set_device(s.device);
    stage->set_first_item(s.first_item);
    stage->set_last_item(s.last_item);
    stage->set_ms(s.ms);
  }
  return message;
}

GenerationSink SinkTo(const std::shared_ptr<RpcCall>& call, const std::shared_ptr<Outbox>& outbox) {
  return [call, outbox](const GenerationEvent& event) {
    if (call->cancelled) return false;
    bool wanted = true;
    if (!event.text.empty() || !event.tokens.empty()) {
      wanted = outbox->Push(call, PieceMessage(event), false);
    }
    if (event.finished) return outbox->Push(call, EndMessage(event), true);
    if (call->pending_bytes <= kMostPendingBytes) return wanted;
    call->cancelled = true;
    outbox->Push(call, FailureMessage(Error::Unavailable("the client reads too slowly")), true);
    return false;
  };
}

Status TryStart(Service& service, const v1::Generate& request, const std::shared_ptr<RpcCall>& call,
                const std::shared_ptr<Outbox>& outbox) {
  const JsonRequest json = TRY(ToJsonRequest(request));
  const PreparedGeneration prepared = TRY(PrepareGeneration(service, json.body, json.dialect));
  const Choice& choice = prepared.choices.front();
  GenerationJob job = JobFor(prepared, choice, *service.tokenizer(), NewId("rpc-"));
  const uint64_t number = TRY(service.Generate(std::move(job), SinkTo(call, outbox)));
  call->core_number = number;
  // The door may have cancelled before the number was there to cancel.
  if (call->cancelled) service.Cancel(number);
  v1::ServerMessage message;
  message.mutable_accepted()->set_prompt_tokens(static_cast<int>(choice.prompt.size()));
  outbox->Push(call, message, false);
  return {};
}

}  // namespace

v1::ServerMessage FailureMessage(const Error& error) {
  v1::ServerMessage message;
  Error shown = error;
  // Markers for the HTTP door, no fields of a request.
  if (shown.field == kLoadingField || shown.field == kQueueField) shown.field.clear();
  *message.mutable_failure() = rpc::ToFailure(shown);
  return message;
}

v1::ServerMessage CancelledMessage() {
  v1::ServerMessage message;
  message.mutable_finished()->set_reason(v1::Finished::CANCELLED);
  return message;
}

void StartGeneration(Service& service, const v1::Generate& request,
                     const std::shared_ptr<RpcCall>& call, const std::shared_ptr<Outbox>& outbox) {
  if (call->cancelled) return;
  const Status started = TryStart(service, request, call, outbox);
  if (!started.ok()) outbox->Push(call, FailureMessage(started.error()), true);
}

void AnswerAsk(Service& service, v1::Ask::What what, const std::shared_ptr<RpcCall>& call,
               const std::shared_ptr<Outbox>& outbox) {
  nlohmann::json document;
  switch (what) {
    case v1::Ask::DEVICES:
      document = service.Devices();
      break;
    case v1::Ask::PLAN:
      document = service.CurrentPlan();
      break;
    default:
      document = service.Status();
  }
  v1::ServerMessage message;
  message.mutable_document()->set_json(ToText(document));
  outbox->Push(call, message, true);
}

}  // namespace motley
