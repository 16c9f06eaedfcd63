#include "engine/sampler/softmax.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace motley {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kLanes = 16;

// exp(x) for x in [-85, 0], 0 below and for NaN. Cody and Waite's reduction to |r| <= log(2)/2 and
// the polynomial of the Cephes library's expf (relative error 2e-7). No call and no branch: the
// loops around it become vector code.
inline float Exp(float x) {
  constexpr float kLowest = -85.0f, kLog2e = 1.44269504f, kLn2High = 0.693359375f,
                  kLn2Low = -2.12194440e-4f;
  constexpr float kRound =
      12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const float y = x > kLowest ? x : kLowest;
  const float shifted = y * kLog2e + kRound;
  const float n = shifted - kRound;
  const float r = (y - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t exponent = std::bit_cast<int32_t>(shifted) << 23;  // n, as the exponent of a float
  const float value = std::bit_cast<float>(std::bit_cast<int32_t>(p) + exponent);
  return x > kLowest ? value : 0.0f;
}

float MaxOf(const float* values, size_t count) {
  float lanes[kLanes];
  std::fill(lanes, lanes + kLanes, -kInfinity);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
    }
  }
  float max = -kInfinity;
  for (const float lane : lanes) max = lane > max ? lane : max;
  for (; i < count; ++i) max = values[i] > max ? values[i] : max;
  return max;
}

// Calls visit(first, count) for each block of `size` values.
template <class Visit>
void ForEachBlock(size_t size, const Visit& visit) {
  for (size_t first = 0; first < size; first += kBlock)
    visit(first, std::min(kBlock, size - first));
}

double SumOf(const float* values, size_t count) {
  float lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += values[i + lane];
  }
  double sum = 0;
  for (const float lane : lanes) sum += lane;
  for (; i < count; ++i) sum += values[i];
  return sum;
}

}  // namespace

std::vector<float> BlockMaxima(std::span<const float> values) {
  std::vector<float> maxima;
  maxima.reserve(values.size() / kBlock + 1);
  ForEachBlock(values.size(), [&](size_t first, size_t count) {
    maxima.push_back(MaxOf(values.data() + first, count));
  });
  return maxima;
}

double LogSumExp(std::span<const float> logits, float max) {
  double sum = 0;
  ForEachBlock(logits.size(), [&](size_t first, size_t count) {
    float weights[kBlock];
    for (size_t i = 0; i < count; ++i) weights[i] = Exp(logits[first + i] - max);
    sum += SumOf(weights, count);
  });
  return max + std::log(sum);
}

void ToWeights(std::span<float> logits, float max, float scale) {
  for (float& logit : logits) logit = Exp((logit - max) * scale);
}

std::vector<double> BlockSums(std::span<const float> values) {
  std::vector<double> sums;
  sums.reserve(values.size() / kBlock + 1);
  ForEachBlock(values.size(), [&](size_t first, size_t count) {
    sums.push_back(SumOf(values.data() + first, count));
  });
  return sums;
}

}  // namespace motley
