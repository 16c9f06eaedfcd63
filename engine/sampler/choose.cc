#include "engine/sampler/choose.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/sampler/selection.h"
#include "engine/sampler/softmax.h"

namespace motley {
namespace {

double SumOf(std::span<const Candidate> candidates) {
  return std::accumulate(candidates.begin(), candidates.end(), 0.0,
                         [](double sum, const Candidate& c) { return sum + c.value; });
}

int32_t DrawFromAll(std::span<const float> weights, double uniform) {
  const std::vector<double> sums = BlockSums(weights);
  double left = uniform * std::accumulate(sums.begin(), sums.end(), 0.0);
  int32_t last = 0;
  for (size_t block = 0; block < sums.size(); ++block) {
    if (left >= sums[block] && block + 1 < sums.size()) {
      left -= sums[block];
      continue;
    }
    const size_t end = std::min(weights.size(), (block + 1) * kBlock);
    for (size_t id = block * kBlock; id < end; ++id) {
      if (weights[id] == 0) continue;
      last = static_cast<int32_t>(id);
      left -= weights[id];
      if (left < 0) return last;
    }
  }
  return last;  // rounding ran past the end
}

int32_t DrawFrom(std::vector<Candidate> candidates, double uniform) {
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  double left = uniform * SumOf(candidates);
  for (const Candidate& candidate : candidates) {
    left -= candidate.value;
    if (left < 0) return candidate.id;
  }
  return candidates.back().id;
}

// Keeps the fewest best that hold `share` of `total`.
void CutAtShare(std::vector<Candidate>& candidates, double share, double total) {
  double sum = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    sum += candidates[i].value;
    if (sum >= share * total) return candidates.resize(i + 1);
  }
}

// Weights fall into buckets by their upper 16 bits, which order them: each is 1/128 wide.
size_t BucketOf(float weight) { return std::bit_cast<uint32_t>(weight) >> 16; }

// Sets to 0 what top-p leaves out: only the bucket where the sum crosses is looked at one by one.
void CutFlat(std::span<float> weights, double wanted) {
  std::vector<double> sums(BucketOf(1.0f) + 1);
  for (const float weight : weights) sums[BucketOf(weight)] += weight;
  size_t bucket = sums.size() - 1;
  while (bucket > 0 && sums[bucket] < wanted) wanted -= sums[bucket--];
  std::vector<Candidate> candidates;
  for (size_t id = 0; id < weights.size(); ++id) {
    if (BucketOf(weights[id]) == bucket && weights[id] > 0) {
      candidates.push_back({static_cast<int32_t>(id), weights[id]});
    }
  }
  if (candidates.empty()) return;
  const Candidate crossing = Crossing(candidates, wanted);
  const size_t after = static_cast<size_t>(crossing.id) + 1;
  for (float& weight : weights.first(after)) weight = weight < crossing.value ? 0 : weight;
  for (float& weight : weights.subspan(after)) weight = weight <= crossing.value ? 0 : weight;
}

// The candidates that top-k and top-p leave, best first; empty: all of `weights`, as they are on
// return.
std::vector<Candidate> KeepBest(std::span<float> weights, const SamplingParams& sampling) {
  const bool top_k = sampling.top_k > 0 && static_cast<size_t>(sampling.top_k) < weights.size();
  const bool top_p = sampling.top_p < 1.0f;
  if (!top_k && !top_p) return {};
  const std::vector<float> maxima = BlockMaxima(weights);
  std::vector<Candidate> kept;
  if (top_k) {
    kept = BestOf(weights, maxima, static_cast<size_t>(sampling.top_k), 0.0f);
    if (top_p) CutAtShare(kept, sampling.top_p, SumOf(kept));
    return kept;
  }
  const std::vector<double> sums = BlockSums(weights);
  const double total = std::accumulate(sums.begin(), sums.end(), 0.0);
  constexpr size_t kFew = 128;
  kept = BestOf(weights, maxima, kFew, 0.0f);
  if (kept.size() == kFew && SumOf(kept) < sampling.top_p * total) {
    CutFlat(weights, sampling.top_p * total);
    return {};
  }
  CutAtShare(kept, sampling.top_p, total);
  return kept;
}

}  // namespace

int32_t Choose(std::span<float> logits, const SamplingParams& sampling, double uniform) {
  const Candidate best = Best(logits, BlockMaxima(logits));
  const float scale = 1.0f / sampling.temperature;
  if (!(sampling.temperature > 0) || std::isinf(scale) || std::isinf(best.value)) return best.id;
  ToWeights(logits, best.value, scale);
  std::vector<Candidate> kept = KeepBest(logits, sampling);
  if (kept.empty()) {
    for (float& weight : logits) weight = weight >= sampling.min_p ? weight : 0.0f;
    return DrawFromAll(logits, uniform);
  }
  // The best weighs 1.
  while (kept.size() > 1 && kept.back().value < sampling.min_p) kept.pop_back();
  return DrawFrom(std::move(kept), uniform);
}

}  // namespace motley
