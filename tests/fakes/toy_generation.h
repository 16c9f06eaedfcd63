#pragma once
// One running request of ScriptedService: a reply told byte by byte, with what the real core does
// to a text on its way out (stop strings, half characters held back, end tokens,
// log-probabilities). Made up numbers, same for the same input.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "daemon/service.h"
#include "daemon/validate/utf8.h"
#include "tests/fakes/toy_tokenizer.h"

namespace motley {

class ToyGeneration {
 public:
  ToyGeneration(GenerationJob job, GenerationSink sink, std::string reply)
      : job_(std::move(job)), sink_(std::move(sink)), reply_(std::move(reply)) {}

  void FailAfter(int tokens, Error error) {
    fail_after_ = tokens;
    failure_ = std::move(error);
  }
  // 1 once if the sink wanted no more.
  int TakeUnwanted() { return std::exchange(unwanted_, 0); }

  // One token. False: that was the last.
  bool Step() {
    GenerationEvent event;
    const Request& request = job_.request;
    if (!std::exchange(scored_, true) && request.prompt_logprobs != kNoLogprobs) {
      for (size_t i = 1; i < request.prompt.size(); ++i) {
        event.prompt_scores.push_back(Score(request.prompt[i], request.prompt_logprobs));
      }
    }
    if (failure_ && emitted_ >= fail_after_) {
      event.finished = FinishReason::kError;
      event.error = failure_;
    } else if (request.max_tokens == 0) {
      event.finished = FinishReason::kLength;
    } else {
      Emit(event);
    }
    if (event.finished) event.timings = Times();
    const bool wanted = sink_(event);
    if (!wanted && !event.finished) unwanted_ = 1;
    return wanted && !event.finished;
  }

 private:
  void Emit(GenerationEvent& event) {
    const Request& request = job_.request;
    const int32_t token = Next();
    ++emitted_;
    event.tokens.push_back(Score(token, request.logprobs));
    held_ += ToyTokenizer().Piece(token, Specials::kText);
    if (token >= ToyTokenizer::kBos && !request.ignore_end) event.finished = FinishReason::kStop;
    for (const std::string& stop : job_.stop) {
      const size_t at = held_.find(stop);
      if (at == held_.npos) continue;
      held_.resize(at);
      event.finished = FinishReason::kStop;
    }
    if (!event.finished && emitted_ >= request.max_tokens) event.finished = FinishReason::kLength;
    const size_t ready = event.finished ? held_.size() : Ready();
    event.text = LossyUtf8(held_.substr(0, ready));
    held_.erase(0, ready);
  }

  int32_t Next() {
    const Request& request = job_.request;
    for (const auto& [token, bias] : request.sampling.logit_bias) {
      if (bias >= 50) return token;
    }
    const bool may_end = !request.ignore_end && emitted_ >= request.min_tokens;
    if (at_ >= reply_.size() && (may_end || reply_.empty())) return ToyTokenizer::kEnd;
    return static_cast<unsigned char>(reply_[at_++ % reply_.size()]);
  }

  // How much of what is held may go: no half character, no beginning of a stop string.
  size_t Ready() const {
    size_t ready = std::min(held_.size(), InvalidUtf8At(held_));
    for (const std::string& stop : job_.stop) {
      for (size_t length = std::min(stop.size(), held_.size()); length > 0; --length) {
        if (!held_.ends_with(stop.substr(0, length))) continue;
        ready = std::min(ready, held_.size() - length);
        break;
      }
    }
    return ready;
  }

  static TokenLogprob Score(int32_t token, int alternatives) {
    TokenLogprob score{.token = token, .logprob = -0.5f};
    for (int i = 0; i < alternatives; ++i) {
      score.top.emplace_back((token + i) % ToyTokenizer::kBos, -0.5f - static_cast<float>(i));
    }
    return score;
  }

  Timings Times() const {
    Timings times;
    times.prompt_n = static_cast<int>(job_.request.prompt.size());
    times.predicted_n = emitted_;
    times.prompt_ms = 2;
    times.predicted_ms = emitted_;
    times.plan_id = "toy";
    times.stages = {{"cpu0", 0, 29, static_cast<double>(emitted_)}};
    return times;
  }

  const GenerationJob job_;
  const GenerationSink sink_;
  const std::string reply_;
  std::optional<Error> failure_;
  std::string held_;
  size_t at_ = 0;
  int emitted_ = 0, fail_after_ = 0, unwanted_ = 0;
  bool scored_ = false;
};

}  // namespace motley
