#include "engine/sampler/adjust.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace motley {
namespace {

constexpr float kBanned = -std::numeric_limits<float>::infinity();
constexpr float kForcingBias = 100.0f;

class Adjuster {
 public:
  explicit Adjuster(std::span<float> logits) : logits_(logits) {}

  void Bias(const std::map<int32_t, float>& bias) {
    const auto forces = [](const auto& entry) { return entry.second >= kForcingBias; };
    if (std::any_of(bias.begin(), bias.end(), forces)) return Force(bias);
    for (const auto& [token, value] : bias) {
      Change(token, [&](float logit) { return value <= -kForcingBias ? kBanned : logit + value; });
    }
  }

  void Repetition(const BatchSequence& sequence) {
    const float penalty = sequence.sampling.repetition_penalty;
    if (penalty == 1.0f) return;
    std::vector<int32_t> seen = sequence.prompt;
    seen.insert(seen.end(), sequence.generated.begin(), sequence.generated.end());
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    for (const int32_t token : seen) {
      Change(token, [&](float logit) { return logit > 0 ? logit / penalty : logit * penalty; });
    }
  }

  void PresenceAndFrequency(const BatchSequence& sequence) {
    const float presence = sequence.sampling.presence_penalty;
    const float frequency = sequence.sampling.frequency_penalty;
    if (presence == 0.0f && frequency == 0.0f) return;
    std::vector<int32_t> tokens = sequence.generated;
    std::sort(tokens.begin(), tokens.end());
    for (auto first = tokens.begin(); first != tokens.end();) {
      const auto last = std::upper_bound(first, tokens.end(), *first);
      const float penalty = presence + frequency * static_cast<float>(last - first);
      Change(*first, [&](float logit) { return logit - penalty; });
      first = last;
    }
  }

  void Ban(const std::vector<int32_t>& tokens) {
    for (const int32_t token : tokens) {
      Change(token, [](float) { return kBanned; });
    }
  }

 private:
  template <class Function>
  void Change(int32_t token, const Function& function) {
    if (token < 0 || static_cast<size_t>(token) >= logits_.size()) return;
    float& logit = logits_[static_cast<size_t>(token)];
    logit = function(logit);
  }

  void Force(const std::map<int32_t, float>& bias) {
    std::vector<std::pair<int32_t, float>> forced;
    for (const auto& [token, value] : bias) {
      if (value < kForcingBias) continue;
      // What the model itself excludes can still be forced.
      Change(token, [&](float logit) {
        forced.emplace_back(token, logit > kBanned ? logit : 0.0f);
        return logit;
      });
    }
    if (forced.empty()) return;
    std::fill(logits_.begin(), logits_.end(), kBanned);
    for (const auto& [token, logit] : forced) logits_[static_cast<size_t>(token)] = logit;
  }

  const std::span<float> logits_;
};

}  // namespace

void Adjust(std::span<float> logits, const BatchSequence& sequence, const BatchOutput& output) {
  Adjuster adjuster(logits);
  adjuster.Bias(sequence.sampling.logit_bias);
  adjuster.Repetition(sequence);
  adjuster.PresenceAndFrequency(sequence);
  if (output.suppress_end) adjuster.Ban(sequence.end_tokens);
}

}  // namespace motley
