#include "engine/sampler/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/sampler/adjust.h"
#include "engine/sampler/choose.h"
#include "engine/sampler/selection.h"
#include "engine/sampler/softmax.h"

namespace motley {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// What the OpenAI API reports for tokens without probability; JSON has no infinity.
constexpr float kUnlikely = -9999.0f;

// +infinity would make every difference to it NaN.
std::vector<float> Bounded(std::span<const float> logits) {
  std::vector<float> bounded(logits.begin(), logits.end());
  for (float& logit : bounded) {
    logit = logit == kInfinity ? std::numeric_limits<float>::max() : logit;
  }
  return bounded;
}

// The model's own distribution.
class Distribution {
 public:
  explicit Distribution(std::span<const float> logits)
      : logits_(logits), maxima_(BlockMaxima(logits)), max_(Best(logits, maxima_).value) {
    if (max_ > -kInfinity) log_sum_ = LogSumExp(logits, max_);
  }

  float LogProbability(float logit) const {
    if (!(logit > -kInfinity)) return kUnlikely;
    return std::max(static_cast<float>(logit - log_sum_), kUnlikely);
  }

  float LogProbabilityOf(int32_t token) const {
    const bool known = token >= 0 && static_cast<size_t>(token) < logits_.size();
    return known ? LogProbability(logits_[static_cast<size_t>(token)]) : kUnlikely;
  }

  std::vector<std::pair<int32_t, float>> Top(int count) const {
    std::vector<std::pair<int32_t, float>> top;
    for (const Candidate& candidate :
         BestOf(logits_, maxima_, static_cast<size_t>(std::max(count, 0)), -kInfinity)) {
      top.emplace_back(candidate.id, LogProbability(candidate.value));
    }
    return top;
  }

 private:
  const std::span<const float> logits_;
  const std::vector<float> maxima_;
  const float max_;
  double log_sum_ = 0;
};

}  // namespace

TokenLogprob Sample(std::span<float> logits, const BatchSequence& sequence,
                    const BatchOutput& output, int position) {
  if (logits.empty()) return {};
  const auto choose = [&] {
    Adjust(logits, sequence, output);
    const SamplingParams& sampling = sequence.sampling;
    return Choose(logits, sampling, UniformAt(sampling.seed, static_cast<uint64_t>(position)));
  };
  if (output.sample && output.logprobs == kNoLogprobs) return {choose(), 0, {}};
  const std::vector<float> raw = Bounded(logits);
  const Distribution model(raw);
  const int32_t token = output.sample ? choose() : output.target;
  return {token, model.LogProbabilityOf(token), model.Top(output.logprobs)};
}

}  // namespace motley
