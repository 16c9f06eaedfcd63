#include "daemon/http/session.h"

#include "daemon/http/answer/ids.h"
#include "daemon/http/errors.h"

namespace motley {
namespace {

Error ErrorOf(const GenerationEvent& event) {
  if (event.error) return *event.error;
  if (event.finished == FinishReason::kCancelled) {
    return {Code::kCancelled, "the request was cancelled by the service"};
  }
  return Error::Internal("the generation failed");
}

// A service that serves and still has no room for a request has a full queue.
Error Refusal(Error error, const Service& service) {
  if (error.code == Code::kUnavailable && error.field.empty() && CheckServing(service).ok()) {
    error.field = kQueueField;
  }
  return error;
}

bool HasFailed(const GenerationEvent& event) {
  return event.error || event.finished == FinishReason::kCancelled ||
         event.finished == FinishReason::kError;
}

}  // namespace

GenerationSession::GenerationSession(Service& service, std::shared_ptr<Exchange> exchange,
                                     PreparedGeneration prepared, const HttpRequest& request,
                                     int64_t created, HttpHeaders headers)
    : service_(service),
      exchange_(std::move(exchange)),
      prepared_(std::move(prepared)),
      id_(request.id),
      headers_(std::move(headers)) {
  const bool chat = prepared_.request.dialect == Dialect::kChat;
  answer_ = Answer::Make(
      prepared_.request, *service_.tokenizer(),
      {.id = NewId(chat ? "chatcmpl-" : "cmpl-"), .model = prepared_.model.id, .created = created});
}

std::string GenerationSession::prompt_param() const {
  return prepared_.request.dialect == Dialect::kChat ? "messages" : "prompt";
}

void GenerationSession::Begin() {
  const auto self = shared_from_this();
  for (size_t i = 0; i < prepared_.choices.size(); ++i) {
    auto number = service_.Generate(
        JobFor(prepared_, prepared_.choices[i], *service_.tokenizer(), id_),
        [self, i](const GenerationEvent& event) { return self->Deliver(i, event); });
    if (!number.ok()) {
      Cancel();
      HttpResponse refusal =
          ErrorResponse(Refusal(number.ReleaseError(), service_), prompt_param());
      refusal.headers.insert(refusal.headers.end(), headers_.begin(), headers_.end());
      return Reply(exchange_, std::move(refusal));
    }
    running_.push_back(*number);
  }
  exchange_->Post([self] { self->Open(); });
}

bool GenerationSession::Deliver(size_t index, const GenerationEvent& event) {
  if (cancelled_) return false;
  return exchange_->Post(
      [self = shared_from_this(), index, event] { self->OnEvent(index, event); });
}

void GenerationSession::Open() {
  open_ = true;
  if (prepared_.request.stream) {
    HttpResponse head;
    head.content_type = "text/event-stream";
    head.headers = headers_;
    head.headers.emplace_back("Cache-Control", "no-cache");
    head.headers.emplace_back("X-Accel-Buffering", "no");
    const Error stopping = Error::Unavailable("the service is stopping");
    exchange_->StartStream(head, {.keep_alive = SseEvent(answer_->Pause()),
                                  .cut = SseEvent(ErrorJson(stopping, prompt_param()))});
    for (const Choice& choice : prepared_.choices) {
      if (const auto opening = answer_->Opening(choice)) exchange_->Write(SseEvent(*opening));
    }
  }
  exchange_->OnClosed([self = shared_from_this()] {
    if (!self->over_) self->Cancel();
  });
  for (const auto& [index, event] : std::exchange(early_, {})) OnEvent(index, event);
}

void GenerationSession::OnEvent(size_t index, const GenerationEvent& event) {
  if (over_ || cancelled_) return;
  if (!open_) {
    early_.emplace_back(index, event);
    return;
  }
  if (HasFailed(event)) return Fail(ErrorOf(event));
  Choice& choice = prepared_.choices[index];
  if (event.finished && !choice.finished) {
    choice.finished = event.finished;
    choice.timings = event.timings;
    ++finished_;
  }
  if (!event.prompt_scores.empty()) choice.prompt_scores = event.prompt_scores;
  if (prepared_.request.stream) {
    StreamEvent(choice, event);
  } else {
    Keep(choice, event);
  }
  if (finished_ == prepared_.choices.size()) Complete();
}

void GenerationSession::Keep(Choice& choice, const GenerationEvent& event) {
  const GenerationRequest& request = prepared_.request;
  choice.text += event.text;
  if (request.logprobs == kNoLogprobs && !request.return_token_ids) return;
  choice.tokens.insert(choice.tokens.end(), event.tokens.begin(), event.tokens.end());
}

void GenerationSession::StreamEvent(Choice& choice, const GenerationEvent& event) {
  const GenerationRequest& request = prepared_.request;
  std::string out;
  if (!std::exchange(choice.echoed, true)) {
    if (const auto echo = answer_->Echo(choice)) out += SseEvent(*echo);
    choice.prompt_scores = {};
  }
  const bool wants_tokens = request.logprobs != kNoLogprobs || request.return_token_ids;
  if (!event.text.empty() || (wants_tokens && !event.tokens.empty())) {
    out += SseEvent(answer_->Delta(choice, event.text, event.tokens));
  }
  if (event.finished) {
    auto ending = answer_->Ending(choice);
    if (finished_ == prepared_.choices.size()) Answer::AddTimings(ending, prepared_.choices);
    out += SseEvent(ending);
  }
  exchange_->Write(out);
}

void GenerationSession::Fail(Error error) {
  over_ = true;
  Cancel();
  if (!prepared_.request.stream) {
    HttpResponse response = ErrorResponse(error, prompt_param());
    response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
    return exchange_->Send(response);
  }
  exchange_->Write(SseEvent(ErrorJson(error, prompt_param())));
  exchange_->EndStream();
}

void GenerationSession::Complete() {
  over_ = true;
  if (prepared_.request.stream) {
    if (prepared_.request.include_usage) {
      exchange_->Write(SseEvent(answer_->Usage(prepared_.choices)));
    }
    exchange_->Write(kSseDone);
    exchange_->EndStream();
    return;
  }
  // Thousands of log-probabilities take their time; nothing else touches the choices any more.
  exchange_->Assist([self = shared_from_this()] {
    HttpResponse response;
    response.body = ToText(self->answer_->Whole(self->prepared_.choices));
    response.headers = self->headers_;
    Reply(self->exchange_, std::move(response));
  });
}

void GenerationSession::Cancel() {
  if (cancelled_.exchange(true)) return;
  for (const uint64_t number : running_) service_.Cancel(number);
}

}  // namespace motley
