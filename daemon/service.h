#pragma once
// What the doors (daemon/http, daemon/rpc) may ask of the core. The real one is daemon/core; tests
// of the doors bring their own. Any thread may call; none of it blocks on a device.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/tokenizer/tokenizer.h"
#include "scheduler/executor.h"
#include "scheduler/request.h"

namespace motley {

struct Timings {
  int prompt_n = 0, predicted_n = 0;
  double queue_ms = 0, prompt_ms = 0, predicted_ms = 0;
  std::string plan_id;
  std::vector<StageTime> stages;  // summed over the request
};

// One piece of a generation. `text` is valid UTF-8 and may be empty (held back: UTF-8, a possible
// stop string).
struct GenerationEvent {
  std::string text;
  std::vector<TokenLogprob> tokens;         // that `text` and what is held back come from
  std::vector<TokenLogprob> prompt_scores;  // once, first; with Request::prompt_logprobs
  std::optional<FinishReason> finished;     // the last event
  std::optional<Error> error;               // with kError
  Timings timings;                          // with `finished`
};
// Called in order, on the core's thread: must not block. False cancels the request within one step.
using GenerationSink = std::function<bool(const GenerationEvent&)>;

struct GenerationJob {
  Request request;                // prompt already tokenised
  std::vector<std::string> stop;  // strings that end the text, not included in it
};

struct ModelCard {
  std::string id;  // file name without .gguf, lower case
  std::string path, family, quantization;
  int64_t created = 0;  // unix seconds
  int64_t file_bytes = 0, parameters = 0;
  int context_tokens = 0;  // what is served
  int vocabulary = 0;
  int longest_token_bytes = 0;  // of text that one token can stand for; 0: not known
};

enum class ServiceState { kStarting, kLoading, kReady, kDegraded, kDraining };
const char* StateName(ServiceState state);

class Service {
 public:
  virtual ~Service() = default;
  virtual ServiceState state() const = 0;
  virtual double load_progress() const = 0;  // 0..1
  virtual std::vector<ModelCard> models() const = 0;
  // nullptr until the model's vocabulary is there.
  virtual const Tokenizer* tokenizer() const = 0;
  // Renders the model's chat template for the body of a chat request (messages, tools,
  // chat_template_kwargs, ...; its keys in the client's order).
  virtual Result<std::string> RenderChat(nlohmann::ordered_json body) = 0;
  // Renders and tokenises; special tokens come from the template alone, never from a message's
  // text. Texts that can never fit the context are refused as CheckPromptBytes does.
  virtual Result<std::vector<int32_t>> EncodeChat(nlohmann::ordered_json body) = 0;
  // Queues it; the sink gets everything from then on. Returns the request's number for Cancel.
  virtual Result<uint64_t> Generate(GenerationJob job, GenerationSink sink) = 0;
  virtual void Cancel(uint64_t request) = 0;
  // Read-only documents of docs/formats.md.
  virtual nlohmann::json Devices() = 0;
  virtual nlohmann::json CurrentPlan() = 0;
  virtual nlohmann::json Status() = 0;  // ps: models, placement, requests, tokens/s
  virtual std::string Metrics() = 0;    // Prometheus text
};

}  // namespace motley
