#include "scheduler/batching/admission.h"

#include <algorithm>

namespace motley {

int64_t WorstCaseBlocks(const Request& request, const SchedulerLimits& limits) {
  const int64_t tokens =
      static_cast<int64_t>(request.prompt.size()) + std::max(request.max_tokens - 1, 0);
  const int64_t unit = std::max(limits.block_tokens, 1);
  return (tokens + unit - 1) / unit;
}

namespace {

Status CheckComputed(const Request& request) {
  const int computed = request.computed_tokens, prompt = static_cast<int>(request.prompt.size());
  if (computed < 0 || computed >= prompt) {
    return Error::Invalid("computed_tokens", "computed_tokens is " + std::to_string(computed) +
                                                 ", must be at least 0 and less than the prompt, " +
                                                 std::to_string(prompt));
  }
  if (computed > 0 && request.prompt_logprobs != kNoLogprobs) {
    return Error::Invalid("computed_tokens",
                          "computed_tokens is " + std::to_string(computed) +
                              ", prompt_logprobs needs every row of the prompt computed here");
  }
  return {};
}

}  // namespace

Status CheckRequest(const Request& request, const SchedulerLimits& limits) {
  const int64_t prompt = static_cast<int64_t>(request.prompt.size());
  if (prompt == 0) return Error::Invalid("prompt", "the prompt has no tokens, needs at least one");
  if (request.max_tokens < 0) {
    return Error::Invalid("max_tokens", "max_tokens is " + std::to_string(request.max_tokens) +
                                            ", must be at least 0");
  }
  TRY(CheckComputed(request));
  const int64_t tokens = prompt + request.max_tokens;
  if (tokens > limits.context_tokens) {
    return Error::Invalid(prompt > limits.context_tokens ? "prompt" : "max_tokens",
                          "needs " + std::to_string(tokens) + " tokens of context (" +
                              std::to_string(prompt) + " of prompt, max_tokens " +
                              std::to_string(request.max_tokens) + "), the limit is " +
                              std::to_string(limits.context_tokens))
        .Fix("shorten the prompt, lower max_tokens, or serve with a larger --ctx");
  }
  const int64_t blocks = WorstCaseBlocks(request, limits);
  if (blocks > limits.kv_blocks) {
    return Error::Invalid("max_tokens", "needs " + std::to_string(blocks) + " KV blocks of " +
                                            std::to_string(limits.block_tokens) +
                                            " tokens, there are " +
                                            std::to_string(limits.kv_blocks))
        .Fix("lower max_tokens, or give the KV cache more memory");
  }
  return {};
}

}  // namespace motley
