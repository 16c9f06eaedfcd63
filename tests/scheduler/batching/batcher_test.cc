#include "scheduler/batching/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/scheduler.h"
#include "tests/scheduler/batching/scripted.h"

namespace motley {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kVocabulary = 1000;

// prompt 1, 2, 3, ...
Request Prompt(int tokens, int max_tokens) {
  Request request;
  for (int i = 1; i <= tokens; ++i) request.prompt.push_back(i);
  request.max_tokens = max_tokens;
  return request;
}

// A scheduler with a scripted executor: Step() runs one batch and returns it.
class BatcherTest : public ::testing::Test {
 protected:
  void Start(const SchedulerLimits& limits) {
    scheduler_ = MakeScheduler(limits);
    executor_ = std::make_unique<ScriptedExecutor>(limits, kVocabulary);
  }
  uint64_t Submit(Request request) {
    auto number = scheduler_->Submit(std::move(request));
    EXPECT_TRUE(number.ok());
    return number.ok() ? *number : 0;
  }
  Batch Step() {
    auto batch = scheduler_->NextBatch();
    if (!batch) return {};
    updates_ = scheduler_->Apply(*batch, executor_->Run(*batch));
    EXPECT_THAT(executor_->complaints(), IsEmpty());
    return *batch;
  }
  // Rows per request number.
  static std::vector<std::pair<uint64_t, int>> Rows(const Batch& batch) {
    std::vector<std::pair<uint64_t, int>> rows;
    for (const BatchSequence& sequence : batch.sequences) rows.emplace_back(sequence.request, 0);
    for (const BatchRow& row : batch.rows) ++rows[row.sequence].second;
    return rows;
  }

  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<ScriptedExecutor> executor_;
  std::vector<RequestUpdate> updates_;
};
using Batcher = BatcherTest;
using P = std::pair<uint64_t, int>;

TEST_F(Batcher, PutsDecodeRowsFirstAndPrefillInWhatIsLeft) {
  Start({.batch_rows = 8});
  const uint64_t a = Submit(Prompt(4, 8));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 4)));
  const uint64_t b = Submit(Prompt(20, 8));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1), P(b, 7)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1), P(b, 7)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1), P(b, 6)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1), P(b, 1)));
}

TEST_F(Batcher, PrefillsInOrderOfArrival) {
  Start({.batch_rows = 8});
  const uint64_t a = Submit(Prompt(10, 1)), b = Submit(Prompt(3, 1)), c = Submit(Prompt(9, 1));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 8)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 2), P(b, 3), P(c, 3)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(c, 6)));
  EXPECT_EQ(scheduler_->NextBatch(), std::nullopt);
}

TEST_F(Batcher, SamplesOnlyAfterTheLastRowOfAPrompt) {
  Start({.batch_rows = 4});
  Submit(Prompt(6, 2));
  EXPECT_THAT(Step().outputs, IsEmpty());
  EXPECT_THAT(updates_, IsEmpty());
  const Batch last = Step();
  ASSERT_EQ(last.outputs.size(), 1u);
  EXPECT_EQ(last.outputs[0].row, 1);
  EXPECT_TRUE(last.outputs[0].sample);
  ASSERT_EQ(updates_.size(), 1u);
  EXPECT_EQ(updates_[0].tokens.size(), 1u);
}

TEST_F(Batcher, ScoresEveryPromptTokenButTheFirst) {
  Start({.batch_rows = 4});
  Request request = Prompt(6, 0);
  request.prompt_logprobs = 3;
  Submit(request);
  const Batch first = Step();
  ASSERT_EQ(first.outputs.size(), 4u);
  EXPECT_FALSE(first.outputs[0].sample);
  EXPECT_EQ(first.outputs[0].target, 2);
  EXPECT_EQ(first.outputs[3].target, 5);
  EXPECT_EQ(first.outputs[0].logprobs, 3);
  EXPECT_EQ(Step().outputs.size(), 1u);
  ASSERT_EQ(updates_.size(), 1u);
  EXPECT_EQ(updates_[0].prompt_scores.size(), 5u);
  EXPECT_THAT(updates_[0].tokens, IsEmpty());
  EXPECT_EQ(updates_[0].finished, FinishReason::kLength);
}

TEST_F(Batcher, ReservesBlocksAsPositionsGrow) {
  Start({.kv_blocks = 4, .block_tokens = 2, .batch_rows = 8});
  Submit(Prompt(2, 4));
  EXPECT_EQ(Step().sequences[0].blocks.size(), 1u);
  EXPECT_EQ(Step().sequences[0].blocks.size(), 2u);
  EXPECT_EQ(Step().sequences[0].blocks.size(), 2u);
  EXPECT_EQ(scheduler_->Status().free_blocks, 2);
  EXPECT_EQ(Step().sequences[0].blocks.size(), 3u);
  EXPECT_EQ(scheduler_->Status().free_blocks, 4);
}

// 4 blocks of 2: a holds 2 and grows; b's prompt would need 3.
TEST_F(Batcher, HoldsBackPrefillWhenBlocksRunOut) {
  Start({.kv_blocks = 4, .block_tokens = 2, .batch_rows = 16});
  const uint64_t a = Submit(Prompt(4, 3));
  const uint64_t b = Submit(Prompt(5, 1));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 4)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1)));
  EXPECT_EQ(scheduler_->Status().waiting, 1);
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(b, 5)));
}

// 4 blocks of 2, two requests of 2 + 5 tokens: together they need 6 blocks.
TEST_F(Batcher, PreemptsTheYoungestWhenBlocksRunOut) {
  Start({.kv_blocks = 4, .block_tokens = 2, .batch_rows = 16});
  const uint64_t a = Submit(Prompt(2, 5)), b = Submit(Prompt(2, 5));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 2), P(b, 2)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1), P(b, 1)));  // 2 blocks each
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1), P(b, 1)));
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1)));  // a's third block was b's
  EXPECT_EQ(scheduler_->Status().waiting, 1);
  EXPECT_THAT(Rows(Step()), ElementsAre(P(a, 1)));
  EXPECT_EQ(updates_[0].finished, FinishReason::kLength);
  // b computes its prompt and the three tokens it had again, and goes on.
  EXPECT_THAT(Rows(Step()), ElementsAre(P(b, 5)));
  EXPECT_EQ(updates_[0].tokens.size(), 1u);
  EXPECT_THAT(Rows(Step()), ElementsAre(P(b, 1)));
  EXPECT_EQ(updates_[0].finished, FinishReason::kLength);
}

TEST_F(Batcher, RunsAtMostMaxSequences) {
  Start({.batch_rows = 64, .max_sequences = 2});
  for (int i = 0; i < 5; ++i) Submit(Prompt(2, 2));
  EXPECT_EQ(Step().sequences.size(), 2u);
  EXPECT_EQ(scheduler_->Status().waiting, 3);
}

// 6 prompt tokens of which 5 come with their KV memory.
TEST_F(Batcher, RowsBeginBehindWhatIsComputedAlready) {
  const SchedulerLimits limits{.kv_blocks = 4, .block_tokens = 2, .batch_rows = 16};
  Start(limits);
  Request request = Prompt(6, 2);
  request.computed_tokens = 5;
  const uint64_t number = Submit(std::move(request));
  const auto batch = scheduler_->NextBatch();
  ASSERT_TRUE(batch);
  EXPECT_THAT(Rows(*batch), ElementsAre(P(number, 1)));
  EXPECT_EQ(batch->rows[0].position, 5);
  EXPECT_EQ(batch->sequences[0].blocks.size(), 3u);
  EXPECT_EQ(batch->outputs.size(), 1u);
  scheduler_->Apply(*batch, Done{{TokenLogprob{.token = 9}}});
  EXPECT_EQ(scheduler_->NextBatch()->rows[0].position, 6);
}

TEST_F(Batcher, WhatWasComputedElsewhereIsComputedAgainAfterItsBlocksAreLost) {
  Start({.kv_blocks = 4, .block_tokens = 2, .batch_rows = 16});
  Submit(Prompt(2, 5));
  Step();
  Request request = Prompt(3, 5);
  request.computed_tokens = 2;
  const uint64_t b = Submit(std::move(request));
  auto batch = scheduler_->NextBatch();
  scheduler_->Apply(*batch, Done{{TokenLogprob{.token = 1}, TokenLogprob{.token = 2}}});
  batch = scheduler_->NextBatch();  // 2 blocks each
  scheduler_->Apply(*batch, Done{{TokenLogprob{.token = 1}, TokenLogprob{.token = 2}}});
  bool again = false;
  while ((batch = scheduler_->NextBatch())) {
    for (size_t row = 0; row < batch->rows.size(); ++row) {
      again |= batch->sequences[batch->rows[row].sequence].request == b &&
               batch->rows[row].position == 0;
    }
    Done done;
    done.outputs.resize(batch->outputs.size());
    scheduler_->Apply(*batch, done);
  }
  EXPECT_TRUE(again);
  EXPECT_EQ(scheduler_->Status().free_blocks, 4);
}

TEST_F(Batcher, SuppressesEndTokensUntilMinTokens) {
  Start({});
  Request request = Prompt(2, 3);
  request.min_tokens = 2;
  request.end_tokens = {7};
  Submit(request);
  EXPECT_TRUE(Step().outputs[0].suppress_end);
  EXPECT_TRUE(Step().outputs[0].suppress_end);
  EXPECT_FALSE(Step().outputs[0].suppress_end);
}

TEST_F(Batcher, SendsTheHistoryOnlyToThoseWhoUseIt) {
  Start({});
  Request plain = Prompt(2, 3), penalised = Prompt(3, 3);
  penalised.sampling.presence_penalty = 0.5f;
  Submit(plain);
  Submit(penalised);
  Step();
  const Batch batch = Step();
  EXPECT_THAT(batch.sequences[0].prompt, IsEmpty());
  EXPECT_THAT(batch.sequences[1].prompt, ElementsAre(1, 2, 3));
  EXPECT_EQ(batch.sequences[1].generated.size(), 1u);
}

}  // namespace
}  // namespace motley
