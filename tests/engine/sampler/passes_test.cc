// The passes over a vocabulary against plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "engine/sampler/selection.h"
#include "engine/sampler/softmax.h"

namespace motley {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> RandomLogits(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 6);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = std::round(normal(random) * 64) / 64;  // with ties
  return logits;
}

std::vector<Candidate> Sorted(const std::vector<float>& values) {
  std::vector<Candidate> all;
  for (size_t i = 0; i < values.size(); ++i) all.push_back({static_cast<int32_t>(i), values[i]});
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Softmax, WeightsAreExponentials) {
  for (const float scale : {1.0f, 0.25f, 3.0f}) {
    std::vector<float> x;
    for (float v = 0; v > -84 / scale; v -= 0.0137f) x.push_back(v + 2.5f);
    std::vector<float> weights = x;
    ToWeights(weights, 2.5f, scale);
    for (size_t i = 0; i < x.size(); ++i) {
      const double exact = std::exp(static_cast<double>((x[i] - 2.5f) * scale));
      ASSERT_NEAR(weights[i] / exact, 1, 5e-7) << x[i];
    }
  }
}

TEST(Softmax, WeightsOfWhatIsNotThereAreZero) {
  std::vector<float> values = {1, kNan, -kInfinity, -200, 1};
  ToWeights(values, 1, 1);
  EXPECT_EQ(values, (std::vector<float>{1, 0, 0, 0, 1}));
}

TEST(Softmax, LogSumExpIsExactToSixDigits) {
  for (const size_t size : {1, 15, 64, 65, 1000, 50000}) {
    std::vector<float> logits = RandomLogits(size, 3);
    if (size > 20) logits[7] = kNan;
    const float max = Best(logits, BlockMaxima(logits)).value;
    double sum = 0;
    for (const float logit : logits)
      sum += logit == logit ? std::exp(static_cast<double>(logit)) : 0;
    EXPECT_NEAR(LogSumExp(logits, max), std::log(sum), 1e-6) << size;
  }
}

TEST(Softmax, BlockSumsAddUp) {
  const std::vector<float> values(333, 0.5f);
  const std::vector<double> sums = BlockSums(values);
  EXPECT_EQ(sums.size(), 6u);
  EXPECT_DOUBLE_EQ(std::accumulate(sums.begin(), sums.end(), 0.0), 166.5);
}

TEST(Best, IsTheLowestIdAmongEquals) {
  std::vector<float> values(500, -1.0f);
  values[77] = values[78] = values[400] = 3.0f;
  values[3] = kNan;
  const Candidate best = Best(values, BlockMaxima(values));
  EXPECT_EQ(best.id, 77);
  EXPECT_EQ(best.value, 3.0f);
}

TEST(Best, OfNothingIsTokenZero) {
  const std::vector<float> nothing(70, kNan), banned(70, -kInfinity);
  EXPECT_EQ(Best(nothing, BlockMaxima(nothing)).id, 0);
  EXPECT_EQ(Best(banned, BlockMaxima(banned)).id, 0);
}

TEST(BestOf, EqualsTheFrontOfASort) {
  for (const size_t size : {1, 63, 64, 200, 4097}) {
    const std::vector<float> values = RandomLogits(size, 11);
    std::vector<Candidate> sorted = Sorted(values);
    for (const size_t count : {size_t{0}, size_t{1}, size_t{5}, size_t{40}, size_t{1000}, size}) {
      const auto best = BestOf(values, BlockMaxima(values), count, -kInfinity);
      ASSERT_EQ(best.size(), std::min(count, size));
      for (size_t i = 0; i < best.size(); ++i)
        ASSERT_EQ(best[i].id, sorted[i].id) << size << " " << i;
    }
  }
}

TEST(BestOf, LeavesOutWhatIsNotAboveTheFloor) {
  const std::vector<float> values = {0, 2, kNan, -kInfinity, 0, 1};
  const auto best = BestOf(values, BlockMaxima(values), 6, 0.0f);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].id, 1);
  EXPECT_EQ(best[1].id, 5);
}

TEST(Crossing, EqualsTheSortedCumulativeSum) {
  std::vector<float> weights = RandomLogits(3000, 5);
  for (float& weight : weights) weight = std::abs(weight);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const std::vector<Candidate> sorted = Sorted(weights);
  for (const double share : {0.0, 0.01, 0.5, 0.9, 0.999, 1.0, 1.1}) {
    std::vector<Candidate> candidates = sorted;
    std::shuffle(candidates.begin(), candidates.end(), std::mt19937(1));
    double sum = 0;
    size_t last = 0;
    while (last + 1 < sorted.size() && (sum += sorted[last].value) < share * total) ++last;
    EXPECT_EQ(Crossing(candidates, share * total).id, sorted[last].id) << share;
  }
}

}  // namespace
}  // namespace motley
