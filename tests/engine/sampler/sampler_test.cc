#include "engine/sampler/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace motley {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TokenLogprob Pick(std::vector<float> logits, const BatchSequence& sequence,
                  const BatchOutput& output = {}, int position = 0) {
  return Sample(logits, sequence, output, position);
}

BatchSequence Greedy() {
  BatchSequence sequence;
  sequence.sampling.temperature = 0;
  return sequence;
}

double LogProbability(const std::vector<double>& logits, size_t token) {
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit);
  return logits[token] - std::log(sum);
}

TEST(Sampler, TakesTheLargestAtTheLowestId) {
  EXPECT_EQ(Pick({1, 3, 3, 2}, Greedy()).token, 1);
  EXPECT_EQ(Pick({kNan, kNan, -5, kNan}, Greedy()).token, 2);
  EXPECT_EQ(Pick({kNan, -kInfinity}, Greedy()).token, 0);
  EXPECT_EQ(Pick({}, Greedy()).token, 0);
}

TEST(Sampler, ReportsTheModelsOwnDistribution) {
  BatchSequence sequence = Greedy();
  sequence.sampling.logit_bias = {{0, 50.0f}};
  const TokenLogprob result = Pick({1, 3, 2, 3}, sequence, {.logprobs = 3});
  EXPECT_EQ(result.token, 0);
  EXPECT_NEAR(result.logprob, LogProbability({1, 3, 2, 3}, 0), 1e-6);
  ASSERT_EQ(result.top.size(), 3u);
  EXPECT_EQ(result.top[0].first, 1);
  EXPECT_EQ(result.top[1].first, 3);
  EXPECT_EQ(result.top[2].first, 2);
  EXPECT_NEAR(result.top[2].second, LogProbability({1, 3, 2, 3}, 2), 1e-6);
}

TEST(Sampler, ReportsNoAlternativesWhenNoneAreAskedFor) {
  EXPECT_TRUE(Pick({1, 2}, Greedy(), {.logprobs = 0}).top.empty());
  EXPECT_NEAR(Pick({1, 2}, Greedy(), {.logprobs = 0}).logprob, LogProbability({1, 2}, 1), 1e-6);
  EXPECT_EQ(Pick({1, 2}, Greedy()).logprob, 0);
}

TEST(Sampler, ScoresATargetWithoutChoosing) {
  const BatchOutput output{.sample = false, .target = 2, .logprobs = 1};
  const TokenLogprob result = Pick({1, 3, 2}, Greedy(), output);
  EXPECT_EQ(result.token, 2);
  EXPECT_NEAR(result.logprob, LogProbability({1, 3, 2}, 2), 1e-6);
  ASSERT_EQ(result.top.size(), 1u);
  EXPECT_EQ(result.top[0].first, 1);
  EXPECT_NEAR(Pick({1, 3, 2}, Greedy(), {.sample = false, .target = 0}).logprob,
              LogProbability({1, 3, 2}, 0), 1e-6);
}

TEST(Sampler, ReportsFiniteNumbersForWhatHasNoProbability) {
  for (const int target : {-1, 1, 2, 3, 99}) {
    const BatchOutput output{.sample = false, .target = target, .logprobs = 20};
    const TokenLogprob result = Pick({0, kNan, -kInfinity, -1e30f}, Greedy(), output);
    EXPECT_EQ(result.logprob, -9999.0f) << target;
    EXPECT_EQ(result.top.size(), 2u);
  }
  const TokenLogprob infinite = Pick({0, kInfinity}, Greedy(), {.logprobs = 2});
  EXPECT_EQ(infinite.token, 1);
  EXPECT_EQ(infinite.logprob, 0.0f);
  EXPECT_EQ(Pick({kNan, kNan}, Greedy(), {.logprobs = 2}).logprob, -9999.0f);
}

TEST(Sampler, BansAndForcesByBias) {
  BatchSequence sequence = Greedy();
  sequence.sampling.logit_bias = {{1, -100.0f}, {-3, 7.0f}, {99, 7.0f}};
  EXPECT_EQ(Pick({1, 300, 2}, sequence).token, 2);
  sequence.sampling.logit_bias = {{0, 100.0f}};
  EXPECT_EQ(Pick({-500, 300, 2}, sequence).token, 0);
  EXPECT_EQ(Pick({-kInfinity, 300, 2}, sequence).token, 0);
  sequence.sampling.temperature = 1;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Pick({-500, 300, 2}, sequence, {}, i).token, 0);
  sequence.sampling.logit_bias = {{0, 1.5f}};
  sequence.sampling.temperature = 0;
  EXPECT_EQ(Pick({1, 2.6f, 2}, sequence).token, 1);
  EXPECT_EQ(Pick({1, 2.4f, 2}, sequence).token, 0);
}

TEST(Sampler, PenalisesRepetitionOfPromptAndReply) {
  BatchSequence sequence = Greedy();
  sequence.sampling.repetition_penalty = 2;
  sequence.prompt = {0, 0, 77, -1};
  sequence.generated = {2};
  EXPECT_EQ(Pick({4, 2.1f, 4}, sequence).token, 1);
  EXPECT_EQ(Pick({4.3f, 2.1f, 4}, sequence).token, 0);  // once, however often it was seen
  EXPECT_EQ(Pick({-1, -1.9f, -5}, sequence).token, 1);  // negative logits are multiplied
  EXPECT_EQ(Pick({-1, -2.1f, -5}, sequence).token, 0);
}

TEST(Sampler, PenalisesPresenceAndFrequencyOfTheReplyAlone) {
  BatchSequence sequence = Greedy();
  sequence.prompt = {1, 1, 1};
  sequence.generated = {0, 0, 2};
  sequence.sampling.presence_penalty = 1;
  EXPECT_EQ(Pick({3.5f, 2.4f, 3.45f}, sequence).token, 0);
  EXPECT_EQ(Pick({3.3f, 2.4f, 3.0f}, sequence).token, 1);
  sequence.sampling.frequency_penalty = 0.5f;  // token 0: 1 + 2 * 0.5, token 2: 1 + 0.5
  EXPECT_EQ(Pick({4.4f, 2.5f, 4.0f}, sequence).token, 1);
  EXPECT_EQ(Pick({4.4f, 2.3f, 4.0f}, sequence).token, 2);
}

TEST(Sampler, AppliesBiasBeforePenalties) {
  BatchSequence sequence = Greedy();
  sequence.prompt = {0};
  sequence.sampling.logit_bias = {{0, 4.0f}};
  sequence.sampling.repetition_penalty = 2;
  EXPECT_EQ(Pick({2, 3.5f}, sequence).token, 1);  // (2 + 4) / 2 = 3; the other order: 2 / 2 + 4 = 5
}

TEST(Sampler, HoldsBackEndTokensWhenTold) {
  BatchSequence sequence = Greedy();
  sequence.end_tokens = {1, 500};
  EXPECT_EQ(Pick({1, 9, 2}, sequence).token, 1);
  EXPECT_EQ(Pick({1, 9, 2}, sequence, {.suppress_end = true}).token, 2);
}

TEST(Sampler, DrawsTheSameForTheSameSeedAndPosition) {
  std::vector<float> logits(1000);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i % 7);
  BatchSequence a, b;
  a.sampling.seed = b.sampling.seed = 1234;
  b.request = 99;
  int changed_by_position = 0, changed_by_seed = 0;
  for (int position = 0; position < 100; ++position) {
    const int32_t token = Pick(logits, a, {}, position).token;
    EXPECT_EQ(token, Pick(logits, b, {}, position).token);
    EXPECT_EQ(token, Pick(logits, b, {.logprobs = 5}, position).token);
    changed_by_position += token != Pick(logits, a, {}, position + 1).token;
    BatchSequence other;
    other.sampling.seed = 1235;
    changed_by_seed += token != Pick(logits, other, {}, position).token;
  }
  EXPECT_GT(changed_by_position, 90);
  EXPECT_GT(changed_by_seed, 90);
}

// Chi-square of 20,000 draws against `p`; bins of nothing must stay empty.
double ChiSquare(const std::vector<float>& logits, const SamplingParams& sampling,
                 const std::vector<double>& p) {
  constexpr int kDraws = 20000;
  std::vector<int> counts(p.size());
  BatchSequence sequence;
  sequence.sampling = sampling;
  for (int i = 0; i < kDraws; ++i)
    ++counts[static_cast<size_t>(Pick(logits, sequence, {}, i).token)];
  double chi_square = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    EXPECT_TRUE(p[i] > 0 || counts[i] == 0) << i;
    if (p[i] > 0) chi_square += std::pow(counts[i] - kDraws * p[i], 2) / (kDraws * p[i]);
  }
  return chi_square;
}

TEST(Sampler, DrawsAsOftenAsTheModelSays) {
  const std::vector<double> p = {0.4, 0.25, 0.15, 0.1, 0.06, 0.04};
  std::vector<float> logits;
  for (const double value : p) logits.push_back(static_cast<float>(std::log(value)) + 3);
  const double limit = 20.5;  // 5 degrees of freedom, p = 0.001
  EXPECT_LT(ChiSquare(logits, {.seed = 1}, p), limit);
  EXPECT_LT(ChiSquare(logits, {.top_k = 2, .seed = 2}, {0.4 / 0.65, 0.25 / 0.65, 0, 0, 0, 0}),
            limit);
  EXPECT_LT(ChiSquare(logits, {.top_p = 0.7f, .seed = 3}, {0.5, 0.3125, 0.1875, 0, 0, 0}), limit);
  EXPECT_LT(ChiSquare(logits, {.min_p = 0.3f, .seed = 4}, {0.5, 0.3125, 0.1875, 0, 0, 0}), limit);
  std::vector<double> squared;
  double total = 0;
  for (const double value : p) total += value * value;
  for (const double value : p) squared.push_back(value * value / total);
  EXPECT_LT(ChiSquare(logits, {.temperature = 0.5f, .seed = 5}, squared), limit);
}

}  // namespace
}  // namespace motley
