// Random requests over few blocks: whatever is preempted, held back or cancelled, every request
// gets the tokens it would get alone, and every block comes back.

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/scheduler/batching/scripted.h"

namespace motley {
namespace {

constexpr int kVocabulary = 50;

struct Heard {
  std::vector<int32_t> tokens;
  std::vector<float> prompt_scores;
  std::optional<FinishReason> finished;
  int endings = 0;
};

Request RandomRequest(std::mt19937& engine, const SchedulerLimits& limits) {
  const auto pick = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(engine);
  };
  Request request;
  const int capacity = std::min(limits.context_tokens, limits.kv_blocks * limits.block_tokens);
  const int prompt = pick(1, capacity / 2);
  for (int i = 0; i < prompt; ++i) request.prompt.push_back(pick(0, kVocabulary - 1));
  request.max_tokens = pick(0, capacity / 2);
  if (pick(0, 2) == 0) request.end_tokens = {pick(0, kVocabulary - 1), pick(0, kVocabulary - 1)};
  request.ignore_end = pick(0, 4) == 0;
  if (pick(0, 2) == 0) request.prompt_logprobs = 0;
  return request;
}

class Service {
 public:
  explicit Service(const SchedulerLimits& limits, std::shared_ptr<BlockLedger> blocks = nullptr)
      : scheduler_(MakeScheduler(limits, std::move(blocks))), executor_(limits, kVocabulary) {}

  bool Step() {
    const auto batch = scheduler_->NextBatch();
    if (!batch) return false;
    for (const RequestUpdate& update : scheduler_->Apply(*batch, executor_.Run(*batch))) {
      Heard& heard = heard_[update.request];
      for (const TokenLogprob& token : update.tokens) heard.tokens.push_back(token.token);
      for (const TokenLogprob& score : update.prompt_scores) {
        heard.prompt_scores.push_back(score.logprob);
      }
      heard.endings += update.finished.has_value();
      heard.finished = update.finished;
    }
    return true;
  }

  Scheduler& scheduler() { return *scheduler_; }
  const ScriptedExecutor& executor() const { return executor_; }
  const Heard& heard(uint64_t number) { return heard_[number]; }

 private:
  std::unique_ptr<Scheduler> scheduler_;
  ScriptedExecutor executor_;
  std::map<uint64_t, Heard> heard_;
};

void ExpectAnsweredAsAlone(const Request& request, const Heard& heard) {
  const ScriptedAnswer alone = AnswerAlone(request, kVocabulary);
  EXPECT_EQ(heard.tokens, alone.tokens);
  EXPECT_EQ(heard.endings, 1);
  EXPECT_EQ(heard.finished, alone.finished);
  if (request.prompt_logprobs != kNoLogprobs) {
    EXPECT_EQ(heard.prompt_scores, alone.prompt_scores);
  } else {
    EXPECT_TRUE(heard.prompt_scores.empty());
  }
}

TEST(SchedulerInvariants, EveryRequestGetsTheTokensItWouldGetAlone) {
  int restarts = 0;
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    const SchedulerLimits limits{.context_tokens = 64,
                                 .kv_blocks = 4 + static_cast<int>(seed % 9),
                                 .block_tokens = 1 + static_cast<int>(seed % 5),
                                 .batch_rows = 1 + static_cast<int>(seed % 23),
                                 .max_sequences = 1 + static_cast<int>(seed % 7)};
    Service service(limits);
    std::map<uint64_t, Request> requests;
    for (int i = 0; i < 25; ++i) {
      Request request = RandomRequest(engine, limits);
      const auto number = service.scheduler().Submit(request);
      ASSERT_TRUE(number.ok()) << number.error().message;
      requests[*number] = std::move(request);
      if (engine() % 2) service.Step();
    }
    for (int steps = 0; service.Step(); ++steps) ASSERT_LT(steps, 100000);
    ASSERT_TRUE(service.executor().complaints().empty()) << service.executor().complaints()[0];
    for (const auto& [number, request] : requests) {
      ExpectAnsweredAsAlone(request, service.heard(number));
    }
    const SchedulerStatus status = service.scheduler().Status();
    EXPECT_EQ(status.free_blocks, limits.kv_blocks);
    EXPECT_EQ(status.running + status.waiting, 0);
    restarts += service.executor().restarts();
  }
  EXPECT_GT(restarts, 100);  // blocks were tight enough for requests to lose theirs
}

// The cohorts of a pipeline: schedulers that take turns and share their blocks.
TEST(SchedulerInvariants, SchedulersThatShareBlocksAnswerAllAsAlone) {
  int restarts = 0;
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    const SchedulerLimits limits{.context_tokens = 64,
                                 .kv_blocks = 5 + static_cast<int>(seed % 9),
                                 .block_tokens = 1 + static_cast<int>(seed % 5),
                                 .batch_rows = 1 + static_cast<int>(seed % 23),
                                 .max_sequences = 1 + static_cast<int>(seed % 5)};
    const auto blocks = MakeBlocks(limits);
    std::vector<Service> cohorts;
    for (int c = 0; c < 3; ++c) cohorts.emplace_back(limits, blocks);
    std::vector<std::map<uint64_t, Request>> requests(cohorts.size());
    for (int i = 0; i < 30; ++i) {
      Request request = RandomRequest(engine, limits);
      const size_t c = engine() % cohorts.size();
      const auto number = cohorts[c].scheduler().Submit(request);
      ASSERT_TRUE(number.ok()) << number.error().message;
      requests[c][*number] = std::move(request);
    }
    // A round in which a request only gave its blocks back runs nothing.
    for (int rounds = 0, idle = 0; idle < 3; ++rounds, ++idle) {
      ASSERT_LT(rounds, 100000);
      for (Service& cohort : cohorts) {
        if (cohort.Step()) idle = 0;
      }
    }
    for (size_t c = 0; c < cohorts.size(); ++c) {
      ASSERT_TRUE(cohorts[c].executor().complaints().empty())
          << cohorts[c].executor().complaints()[0];
      for (const auto& [number, request] : requests[c]) {
        ExpectAnsweredAsAlone(request, cohorts[c].heard(number));
      }
      EXPECT_EQ(cohorts[c].scheduler().Status().free_blocks, limits.kv_blocks);
      restarts += cohorts[c].executor().restarts();
    }
  }
  EXPECT_GT(restarts, 100);
}

TEST(SchedulerInvariants, CancellingAnyTimeFreesEverythingAndDisturbsNobody) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    const SchedulerLimits limits{.context_tokens = 64,
                                 .kv_blocks = 12,
                                 .block_tokens = 4,
                                 .batch_rows = 16,
                                 .max_sequences = 4};
    Service service(limits);
    std::map<uint64_t, Request> kept;
    std::vector<uint64_t> doomed;
    for (int i = 0; i < 20; ++i) {
      Request request = RandomRequest(engine, limits);
      const auto number = service.scheduler().Submit(request);
      ASSERT_TRUE(number.ok());
      if (i % 3 == 0) {
        doomed.push_back(*number);
      } else {
        kept[*number] = std::move(request);
      }
    }
    for (int steps = 0; service.Step(); ++steps) {
      if (!doomed.empty() && steps % 5 == 3) {
        service.scheduler().Cancel(doomed.back());
        doomed.pop_back();
      }
    }
    ASSERT_TRUE(service.executor().complaints().empty()) << service.executor().complaints()[0];
    for (const auto& [number, request] : kept)
      ExpectAnsweredAsAlone(request, service.heard(number));
    EXPECT_EQ(service.scheduler().Status().free_blocks, limits.kv_blocks);
  }
}

TEST(SchedulerInvariants, LosingADeviceTellsItsBatchAndTheRestIsAnsweredAsAlone) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 engine(seed);
    const SchedulerLimits limits{.context_tokens = 64,
                                 .kv_blocks = 16,
                                 .block_tokens = 4,
                                 .batch_rows = 5,
                                 .max_sequences = 4};
    Service service(limits);
    std::map<uint64_t, Request> requests;
    for (int i = 0; i < 12; ++i) {
      Request request = RandomRequest(engine, limits);
      requests[*service.scheduler().Submit(request)] = std::move(request);
    }
    for (int i = 0; i < 7; ++i) service.Step();
    const auto batch = service.scheduler().NextBatch();
    ASSERT_TRUE(batch);
    const auto updates = service.scheduler().Apply(*batch, DeviceLost{"ocl0", "unplugged"});
    ASSERT_EQ(updates.size(), batch->sequences.size());
    for (const RequestUpdate& update : updates) {
      EXPECT_EQ(update.finished, FinishReason::kError);
      ASSERT_TRUE(update.error);
      EXPECT_EQ(update.error->code, Code::kDeviceLost);
      EXPECT_EQ(update.error->message, "ocl0 was lost: unplugged");
      requests.erase(update.request);
    }
    EXPECT_EQ(service.scheduler().Status().running, 0);
    EXPECT_EQ(service.scheduler().Status().free_blocks, limits.kv_blocks);
    while (service.Step()) {
    }
    for (const auto& [number, request] : requests) {
      ExpectAnsweredAsAlone(request, service.heard(number));
    }
    EXPECT_EQ(service.scheduler().Status().free_blocks, limits.kv_blocks);
  }
}

}  // namespace
}  // namespace motley
