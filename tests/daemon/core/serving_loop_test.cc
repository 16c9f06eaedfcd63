#include "daemon/core/serving_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/fakes/toy_tokenizer.h"

namespace motley {
namespace {

//   Submit ... --> [ scheduler ] --batch--> executor (says 'a', 'b', 'c', ...) --> sinks

// The next token is the position's letter. `lose_at`: the step that loses the device; `die_after`:
// the step after which it dies unasked; `gate`: waits before each step.
class LetterExecutor : public Executor {
 public:
  StepOutcome Run(const Batch& batch) override {
    ++steps;
    if (steps == lose_at) {
      broken = true;
      return DeviceLost{"toy0", "its worker died: killed by signal 9 (Killed)"};
    }
    while (gate) std::this_thread::yield();
    Done done;
    for (const BatchOutput& output : batch.outputs) {
      const int position = batch.rows[static_cast<size_t>(output.row)].position + 1;
      done.outputs.push_back({.token = 'a' + position % 26});
    }
    done.stages = {{"toy0", 0, 3, 1.0}};
    if (steps == die_after) broken = true;
    return done;
  }
  std::atomic<int> steps{0}, lose_at{-1}, die_after{-1};
  std::atomic<bool> gate{false}, broken{false};
};

struct Answer {
  std::string text;
  GenerationEvent last;
};

class ServingLoopTest : public testing::Test {
 protected:
  std::unique_ptr<ServingLoop> MakeLoop() {
    return std::make_unique<ServingLoop>(
        SchedulerLimits{.context_tokens = 256, .kv_blocks = 64}, executor_, tokenizer_, RealClock(),
        "plan",
        ServingLoop::Hooks{.lost = [this]() -> std::optional<DeviceLost> {
                             if (!executor_.broken) return std::nullopt;
                             return DeviceLost{"toy0", "its worker died"};
                           },
                           .recover = [this]() -> Status {
                             executor_.broken = false;
                             ++recoveries_;
                             return {};
                           },
                           .observe = nullptr});
  }
  static GenerationJob Job(int prompt, int tokens, std::vector<std::string> stop = {}) {
    GenerationJob job;
    job.request.prompt.assign(static_cast<size_t>(prompt), 'p');
    job.request.max_tokens = tokens;
    job.request.sampling.temperature = 0;
    job.stop = std::move(stop);
    return job;
  }
  static std::future<Answer> Submit(ServingLoop& loop, GenerationJob job) {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto answer = std::make_shared<Answer>();
    const auto number =
        loop.Submit(std::move(job), [promise, answer](const GenerationEvent& event) {
          answer->text += event.text;
          if (event.finished) {
            answer->last = event;
            promise->set_value(*answer);
          }
          return true;
        });
    EXPECT_TRUE(number.ok());
    return promise->get_future();
  }

  LetterExecutor executor_;
  ToyTokenizer tokenizer_;
  std::atomic<int> recoveries_{0};
};

TEST_F(ServingLoopTest, StreamsWhatTheExecutorSays) {
  const auto loop = MakeLoop();
  const Answer answer = Submit(*loop, Job(1, 5)).get();
  EXPECT_EQ(answer.text, "bcdef");
  EXPECT_EQ(answer.last.finished, FinishReason::kLength);
  EXPECT_EQ(answer.last.timings.predicted_n, 5);
  EXPECT_EQ(answer.last.timings.stages.at(0).ms, 5.0);
}

TEST_F(ServingLoopTest, EndsAtAStopStringAndFreesThePlace) {
  const auto loop = MakeLoop();
  const Answer answer = Submit(*loop, Job(1, 100, {"ef"})).get();
  EXPECT_EQ(answer.text, "bcd");
  EXPECT_EQ(answer.last.finished, FinishReason::kStop);
  EXPECT_EQ(loop->status().running, 0);
  EXPECT_EQ(loop->status().free_blocks, 64);
}

TEST_F(ServingLoopTest, ManyRequestsAtOnceGetEachItsOwn) {
  const auto loop = MakeLoop();
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 24; ++i) answers.push_back(Submit(*loop, Job(1 + i, 6)));
  for (int i = 0; i < 24; ++i) {
    std::string expected;
    for (int t = 1; t <= 6; ++t) expected += static_cast<char>('a' + (i + t) % 26);
    EXPECT_EQ(answers[static_cast<size_t>(i)].get().text, expected);
  }
}

TEST_F(ServingLoopTest, ALostDeviceFailsWhatRanByNameAndServiceGoesOn) {
  executor_.lose_at = 3;
  const auto loop = MakeLoop();
  const Answer lost = Submit(*loop, Job(1, 50)).get();
  EXPECT_EQ(lost.last.finished, FinishReason::kError);
  ASSERT_TRUE(lost.last.error);
  EXPECT_NE(lost.last.error->message.find("toy0"), std::string::npos);
  EXPECT_EQ(Submit(*loop, Job(1, 3)).get().text, "bcd");
  EXPECT_EQ(recoveries_, 1);
}

// What it had in the device's memory is gone: going on with the new worker would give other tokens.
TEST_F(ServingLoopTest, ADeviceThatDiesBetweenTwoStepsFailsWhatRuns) {
  executor_.die_after = 3;
  const auto loop = MakeLoop();
  const Answer lost = Submit(*loop, Job(1, 50)).get();
  EXPECT_EQ(lost.text, "bcd");
  EXPECT_EQ(lost.last.finished, FinishReason::kError);
  ASSERT_TRUE(lost.last.error);
  EXPECT_EQ(lost.last.error->code, Code::kDeviceLost);
  EXPECT_NE(lost.last.error->message.find("toy0"), std::string::npos);
  EXPECT_EQ(Submit(*loop, Job(1, 3)).get().text, "bcd");
  EXPECT_EQ(recoveries_, 1);
}

TEST_F(ServingLoopTest, ASinkThatSaysNoCancelsItsRequest) {
  const auto loop = MakeLoop();
  std::atomic<int> events{0};
  ASSERT_TRUE(loop->Submit(Job(1, 200),
                           [&](const GenerationEvent&) {
                             ++events;
                             return false;
                           })
                  .ok());
  while (loop->status().running + loop->status().waiting > 0) std::this_thread::yield();
  EXPECT_EQ(events, 1);
}

TEST_F(ServingLoopTest, CancelDuringAStepTakesEffectBeforeTheNext) {
  executor_.gate = true;
  const auto loop = MakeLoop();
  std::atomic<int> events{0};
  const auto number = loop->Submit(Job(1, 200), [&](const GenerationEvent&) {
    ++events;
    return true;
  });
  while (executor_.steps == 0) std::this_thread::yield();
  loop->Cancel(*number);
  executor_.gate = false;
  const Answer after = Submit(*loop, Job(1, 2)).get();
  EXPECT_EQ(after.text, "bc");
  EXPECT_EQ(events, 0);
}

TEST_F(ServingLoopTest, EndingAnswersWhatIsLeft) {
  executor_.gate = true;
  auto loop = MakeLoop();
  auto answer = Submit(*loop, Job(1, 200));
  while (executor_.steps == 0) std::this_thread::yield();
  std::thread release([this] {  // after reset() below has said stop
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    executor_.gate = false;
  });
  loop.reset();
  release.join();
  const Answer ended = answer.get();
  ASSERT_TRUE(ended.last.error);
  EXPECT_EQ(ended.last.error->code, Code::kUnavailable);
}

TEST_F(ServingLoopTest, FailingAllDoesNotWaitForTheStepUnderWay) {
  executor_.gate = true;
  const auto loop = MakeLoop();
  auto answer = Submit(*loop, Job(1, 200));
  while (executor_.steps == 0) std::this_thread::yield();
  loop->FailAll(Error::Unavailable("the service is stopping"));
  const Answer ended = answer.get();  // the gate is still shut
  ASSERT_TRUE(ended.last.error);
  EXPECT_EQ(ended.last.error->message, "the service is stopping");
  EXPECT_FALSE(loop->Drained()) << "the step still runs";
  executor_.gate = false;
  while (!loop->Drained()) std::this_thread::yield();
  EXPECT_EQ(executor_.steps, 1);
}

TEST_F(ServingLoopTest, RefusesWhatCanNeverFit) {
  const auto loop = MakeLoop();
  const auto refused = loop->Submit(Job(250, 50), [](const GenerationEvent&) { return true; });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("256"), std::string::npos);
}

}  // namespace
}  // namespace motley
