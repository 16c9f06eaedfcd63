#pragma once
// A generation as the scheduler sees it: token ids and numbers, no text. Plain data.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace motley {

// How the next token is chosen; applied in this order: logit bias, penalties, temperature, top-k,
// top-p, min-p. The ranges are held by the validator of each door (daemon/validate).
struct SamplingParams {
  float temperature = 1.0f;  // 0: greedy
  int top_k = 0;             // 0: off
  float top_p = 1.0f;        // 1: off
  float min_p = 0.0f;        // 0: off
  float repetition_penalty =
      1.0f;  // divides positive, multiplies negative logits of tokens seen (prompt too)
  float presence_penalty = 0.0f;   // OpenAI: subtracted once from tokens generated
  float frequency_penalty = 0.0f;  // OpenAI: subtracted per occurrence generated
  std::map<int32_t, float> logit_bias;
  uint64_t seed =
      0;  // the draw at a position depends on (seed, position) alone: a restart repeats it
  bool UsesHistory() const {
    return repetition_penalty != 1.0f || presence_penalty != 0.0f || frequency_penalty != 0.0f;
  }
};

inline constexpr int kNoLogprobs = -1;

struct Request {
  std::string id;
  std::vector<int32_t> prompt;  // at least one token
  int max_tokens = 16;          // 0: only score the prompt
  int min_tokens = 0;           // end tokens are not sampled before
  std::vector<int32_t> end_tokens;
  bool ignore_end = false;
  SamplingParams sampling;
  int logprobs = kNoLogprobs;         // alternatives per generated token, 0-20
  int prompt_logprobs = kNoLogprobs;  // alternatives per prompt token
  // So many of the prompt's first tokens come with their KV memory, from the pool that computed
  // them (prefill apart from decode): rows begin behind them. The executor fills the blocks named
  // in the first batch that holds the request. Less than the prompt: the next token needs a row. A
  // request that loses its blocks later computes everything again.
  int computed_tokens = 0;
};

struct TokenLogprob {
  int32_t token = 0;
  float logprob = 0;                           // natural logarithm, of the model's own distribution
  std::vector<std::pair<int32_t, float>> top;  // best first
};

enum class FinishReason { kStop, kLength, kCancelled, kError };

}  // namespace motley
