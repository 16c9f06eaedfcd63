#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

Request Prompt(int tokens, int max_tokens) {
  Request request;
  request.prompt.assign(tokens, 1);
  request.max_tokens = max_tokens;
  return request;
}

Done Sampled(const Batch& batch, int32_t token) {
  Done done;
  for (const BatchOutput& output : batch.outputs) {
    done.outputs.push_back({.token = output.sample ? token : output.target});
  }
  return done;
}

TEST(Admission, RefusesWhatNeverFitsTheContextWithBothNumbers) {
  const auto scheduler = MakeScheduler({.context_tokens = 100});
  EXPECT_TRUE(scheduler->Submit(Prompt(60, 40)).ok());
  const auto refused = scheduler->Submit(Prompt(61, 40));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_EQ(refused.error().field, "max_tokens");
  EXPECT_NE(refused.error().message.find("101"), std::string::npos);
  EXPECT_NE(refused.error().message.find("100"), std::string::npos);
  EXPECT_EQ(scheduler->Submit(Prompt(101, 0)).error().field, "prompt");
}

TEST(Admission, RefusesWhatNeedsMoreBlocksThanThereAre) {
  const auto scheduler = MakeScheduler({.kv_blocks = 3, .block_tokens = 4});
  EXPECT_TRUE(scheduler->Submit(Prompt(10, 3)).ok());  // the last token takes no position
  const auto refused = scheduler->Submit(Prompt(10, 4));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("needs 4 KV blocks of 4 tokens, there are 3"),
            std::string::npos);
}

TEST(Admission, RefusesEmptyPromptsAndHugeOrNegativeLengths) {
  const auto scheduler = MakeScheduler({});
  EXPECT_EQ(scheduler->Submit(Prompt(0, 4)).error().field, "prompt");
  EXPECT_EQ(scheduler->Submit(Prompt(1, -1)).error().field, "max_tokens");
  EXPECT_EQ(scheduler->Submit(Prompt(1, INT32_MAX)).error().code, Code::kInvalidArgument);
}

TEST(Admission, RefusesMoreComputedTokensThanLeaveARow) {
  const auto scheduler = MakeScheduler({});
  for (const int computed : {-1, 3, 4}) {
    Request request = Prompt(3, 2);
    request.computed_tokens = computed;
    EXPECT_EQ(scheduler->Submit(std::move(request)).error().field, "computed_tokens");
  }
  Request scored = Prompt(3, 2);
  scored.computed_tokens = 1;
  scored.prompt_logprobs = 0;
  EXPECT_EQ(scheduler->Submit(std::move(scored)).error().field, "computed_tokens");
}

// 6 blocks of 2: a runs and needs one more for its next token, b waits and needs two.
TEST(Scheduler, UnclaimedBlocksAreWhatANewRequestFinds) {
  const auto scheduler = MakeScheduler({.kv_blocks = 6, .block_tokens = 2});
  ASSERT_TRUE(scheduler->Submit(Prompt(2, 4)).ok());
  EXPECT_EQ(scheduler->Status().unclaimed_blocks, 4);
  const auto batch = scheduler->NextBatch();
  scheduler->Apply(*batch, Sampled(*batch, 1));
  ASSERT_TRUE(scheduler->Submit(Prompt(3, 1)).ok());
  EXPECT_EQ(scheduler->Status().free_blocks, 5);
  EXPECT_EQ(scheduler->Status().unclaimed_blocks, 2);
}

TEST(Admission, AFullQueueIsUnavailable) {
  const auto scheduler = MakeScheduler({.max_queue = 2});
  EXPECT_TRUE(scheduler->Submit(Prompt(1, 1)).ok());
  EXPECT_TRUE(scheduler->Submit(Prompt(1, 1)).ok());
  EXPECT_EQ(scheduler->Submit(Prompt(1, 1)).error().code, Code::kUnavailable);
}

TEST(Scheduler, EndTokensFinishWithStopAndAreReported) {
  const auto scheduler = MakeScheduler({});
  Request request = Prompt(2, 10);
  request.end_tokens = {42};
  ASSERT_TRUE(scheduler->Submit(request).ok());
  const auto batch = scheduler->NextBatch();
  const auto updates = scheduler->Apply(*batch, Sampled(*batch, 42));
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].finished, FinishReason::kStop);
  EXPECT_EQ(updates[0].tokens[0].token, 42);
  EXPECT_EQ(scheduler->NextBatch(), std::nullopt);
}

TEST(Scheduler, IgnoreEndGoesOnToTheLength) {
  const auto scheduler = MakeScheduler({});
  Request request = Prompt(2, 2);
  request.end_tokens = {42};
  request.ignore_end = true;
  ASSERT_TRUE(scheduler->Submit(request).ok());
  auto batch = scheduler->NextBatch();
  EXPECT_EQ(scheduler->Apply(*batch, Sampled(*batch, 42))[0].finished, std::nullopt);
  batch = scheduler->NextBatch();
  EXPECT_EQ(scheduler->Apply(*batch, Sampled(*batch, 42))[0].finished, FinishReason::kLength);
}

TEST(Scheduler, CancellingBetweenBatchAndOutcomeGivesNoUpdate) {
  const auto scheduler = MakeScheduler({});
  const uint64_t number = *scheduler->Submit(Prompt(2, 2));
  const auto batch = scheduler->NextBatch();
  scheduler->Cancel(number);
  scheduler->Cancel(number);
  scheduler->Cancel(999);
  EXPECT_TRUE(scheduler->Apply(*batch, Sampled(*batch, 1)).empty());
  const SchedulerStatus status = scheduler->Status();
  EXPECT_EQ(status.free_blocks, status.total_blocks);
  EXPECT_EQ(status.running + status.waiting, 0);
}

TEST(Scheduler, FailuresNameTheDeviceAndSpareTheQueue) {
  const auto scheduler = MakeScheduler({.max_sequences = 1});
  ASSERT_TRUE(scheduler->Submit(Prompt(2, 2)).ok());
  ASSERT_TRUE(scheduler->Submit(Prompt(2, 2)).ok());
  auto batch = scheduler->NextBatch();
  auto updates = scheduler->Apply(*batch, OutOfMemory{"nv0", "workspace"});
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].finished, FinishReason::kError);
  EXPECT_EQ(updates[0].error->code, Code::kOutOfMemory);
  EXPECT_EQ(updates[0].error->field, "nv0");
  EXPECT_NE(updates[0].error->message.find("nv0"), std::string::npos);
  batch = scheduler->NextBatch();
  ASSERT_TRUE(batch);
  updates = scheduler->Apply(*batch, Failed{Error::Internal("boom")});
  EXPECT_EQ(updates[0].error->message, "boom");
  EXPECT_EQ(scheduler->Status().free_blocks, scheduler->Status().total_blocks);
}

TEST(Scheduler, AnOutcomeOfTheWrongLengthIsAnErrorNotAGuess) {
  const auto scheduler = MakeScheduler({});
  ASSERT_TRUE(scheduler->Submit(Prompt(2, 2)).ok());
  const auto batch = scheduler->NextBatch();
  const auto updates = scheduler->Apply(*batch, Done{});
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].error->code, Code::kInternal);
}

TEST(Scheduler, LosingADeviceStartsTheOthersAgain) {
  const auto scheduler = MakeScheduler({.batch_rows = 4});
  const uint64_t first = *scheduler->Submit(Prompt(2, 5));
  const uint64_t second = *scheduler->Submit(Prompt(8, 5));
  auto batch = scheduler->NextBatch();  // first whole, second's first two rows
  scheduler->Apply(*batch, Sampled(*batch, 1));
  Batch partly = *scheduler->NextBatch();
  std::erase_if(partly.sequences, [&](const auto& s) { return s.request == second; });
  const auto updates = scheduler->Apply(partly, DeviceLost{"ocl0", "hang"});
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].request, first);
  EXPECT_EQ(updates[0].error->code, Code::kDeviceLost);
  batch = scheduler->NextBatch();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->sequences[0].request, second);
  EXPECT_EQ(batch->rows[0].position, 0);
}

TEST(Scheduler, ADeviceLostBetweenBatchesFailsWhatRunsAndSparesTheQueue) {
  const auto scheduler = MakeScheduler({.max_sequences = 1});
  const uint64_t running = *scheduler->Submit(Prompt(2, 5));
  const uint64_t waiting = *scheduler->Submit(Prompt(2, 5));
  auto batch = scheduler->NextBatch();
  scheduler->Apply(*batch, Sampled(*batch, 1));
  const auto updates = scheduler->Lose({"nv0", "killed"});
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].request, running);
  EXPECT_EQ(updates[0].error->code, Code::kDeviceLost);
  EXPECT_EQ(updates[0].error->field, "nv0");
  EXPECT_EQ(scheduler->Status().free_blocks, scheduler->Status().total_blocks);
  EXPECT_EQ(scheduler->NextBatch()->sequences[0].request, waiting);
}

}  // namespace
}  // namespace motley
