#include "engine/sampler/choose.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace motley {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> RandomLogits(size_t size, float spread, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

// The distribution that the filters leave, written down as the definitions are, with a full sort.
std::vector<double> Definition(const std::vector<float>& logits, const SamplingParams& sampling) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  std::vector<double> p(logits.size());
  for (size_t i = 0; i < p.size(); ++i) {
    p[i] = std::exp((static_cast<double>(logits[i]) - logits[order[0]]) / sampling.temperature);
  }
  if (sampling.top_k > 0 && static_cast<size_t>(sampling.top_k) < order.size()) {
    order.resize(static_cast<size_t>(sampling.top_k));
  }
  double total = 0, sum = 0;
  for (const size_t i : order) total += p[i];
  size_t kept = 0;
  while (kept < order.size() && (kept == 0 || sum < sampling.top_p * total))
    sum += p[order[kept++]];
  if (sampling.top_p >= 1) kept = order.size();
  while (kept > 1 && p[order[kept - 1]] < sampling.min_p) --kept;
  std::vector<double> left(p.size(), 0.0);
  total = 0;
  for (size_t i = 0; i < kept; ++i) total += left[order[i]] = p[order[i]];
  for (double& value : left) value /= total;
  return left;
}

// The token at `uniform` in the cumulated distribution; `slack` at the seams either neighbour will
// do.
void ExpectDefinition(const std::vector<float>& logits, const SamplingParams& sampling) {
  const std::vector<double> p = Definition(logits, sampling);
  for (int i = 0; i < 200; ++i) {
    const double uniform = (i + 0.5) / 200;
    std::vector<float> used = logits;
    const int32_t token = Choose(used, sampling, uniform);
    ASSERT_GT(p[static_cast<size_t>(token)], 0) << token;
    const double before = std::accumulate(p.begin(), p.begin() + token, 0.0);
    const double after = before + p[static_cast<size_t>(token)];
    ASSERT_GE(uniform, before - 1e-5);
    ASSERT_LE(uniform, after + 1e-5);
  }
}

TEST(Choose, FollowsTheDefinitionsOfItsFilters) {
  for (const size_t size : {1, 2, 50, 3000}) {
    for (const float spread : {0.3f, 3.0f}) {
      const std::vector<float> logits = RandomLogits(size, spread, 17);
      for (const float temperature : {0.5f, 1.0f, 2.0f}) {
        for (const int top_k : {0, 1, 7, 500}) {
          for (const float top_p : {1.0f, 0.9f, 0.3f}) {
            for (const float min_p : {0.0f, 0.2f}) {
              SCOPED_TRACE(testing::Message() << size << " " << spread << " " << temperature << " "
                                              << top_k << " " << top_p << " " << min_p);
              ExpectDefinition(
                  logits,
                  {.temperature = temperature, .top_k = top_k, .top_p = top_p, .min_p = min_p});
            }
          }
        }
      }
    }
  }
}

TEST(Choose, KeepsTheTokenThatCrossesTopP) {
  const std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  const auto highest = [&](float top_p) {
    std::vector<float> used = logits;
    return Choose(used, {.top_p = top_p}, 0.999999);
  };
  EXPECT_EQ(highest(0.0f), 0);
  EXPECT_EQ(highest(0.49f), 0);
  EXPECT_EQ(highest(0.51f), 1);
  EXPECT_EQ(highest(0.79f), 1);
  EXPECT_EQ(highest(0.81f), 2);
}

TEST(Choose, TakesTheLowestIdAmongEqualsWhenGreedy) {
  std::vector<float> logits(1000, 1.0f);
  logits[300] = logits[301] = logits[999] = 5.0f;
  for (const float temperature : {0.0f, 1e-42f, -1.0f}) {
    std::vector<float> used = logits;
    EXPECT_EQ(Choose(used, {.temperature = temperature}, 0.9), 300) << temperature;
  }
}

TEST(Choose, GoesToTheGreedyChoiceAsTheTemperatureFalls) {
  std::vector<float> logits = {1.0f, 1.5f, 1.4f};
  EXPECT_EQ(Choose(logits, {.temperature = 1e-6f}, 0.999), 1);
}

TEST(Choose, NeverTakesWhatIsBannedOrNotANumber) {
  for (int i = 0; i < 100; ++i) {
    std::vector<float> logits(130, -kInfinity);
    logits[5] = logits[129] = 0.25f;
    logits[6] = std::numeric_limits<float>::quiet_NaN();
    const int32_t token = Choose(logits, {}, i / 100.0);
    EXPECT_EQ(token, i < 50 ? 5 : 129);
  }
}

TEST(Choose, HasAnAnswerWhenNothingIsLeft) {
  for (const float value : {-kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    for (const float temperature : {0.0f, 1.0f}) {
      std::vector<float> logits(100, value);
      EXPECT_EQ(Choose(logits, {.temperature = temperature, .top_k = 3, .top_p = 0.5f}, 0.5), 0);
    }
  }
  std::vector<float> infinite = {0, kInfinity, kInfinity};
  EXPECT_EQ(Choose(infinite, {}, 0.9), 1);
}

TEST(Choose, CutsFlatDistributionsOfThousandsByTopP) {
  // 10,000 equal tokens: the fewest that hold a quarter are the 2,500 lowest ids (but for a rounded
  // sum).
  const std::vector<float> logits(10000, 1.0f);
  int32_t highest = 0;
  for (const double uniform : {0.0, 0.5, 0.9999999}) {
    std::vector<float> used = logits;
    highest = std::max(highest, Choose(used, {.top_p = 0.25f}, uniform));
  }
  EXPECT_NEAR(highest, 2499, 1);
}

}  // namespace
}  // namespace motley
