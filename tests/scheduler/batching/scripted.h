#pragma once
// An executor without a model: the next token of a sequence is a hash of all its tokens, read back
// from the positions and blocks of the rows it was given, so that a lost, repeated or misplaced row
// changes every token after it.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "scheduler/executor.h"
#include "scheduler/scheduler.h"

namespace motley {

// What `tokens` continues with, in a vocabulary of `vocabulary`.
int32_t ScriptedNext(const std::vector<int32_t>& tokens, int vocabulary);
float ScriptedScore(const std::vector<int32_t>& tokens, int32_t target);

// What a request gets when it runs alone.
struct ScriptedAnswer {
  std::vector<int32_t> tokens;
  std::vector<float> prompt_scores;
  FinishReason finished = FinishReason::kLength;
};
ScriptedAnswer AnswerAlone(const Request& request, int vocabulary);

class ScriptedExecutor : public Executor {
 public:
  ScriptedExecutor(const SchedulerLimits& limits, int vocabulary)
      : limits_(limits), vocabulary_(vocabulary) {}
  StepOutcome Run(const Batch& batch) override;
  // The laws that batches broke so far, in words.
  const std::vector<std::string>& complaints() const { return complaints_; }
  // How often a request began again after it had begun: once per preemption of a request that had
  // rows.
  int restarts() const { return restarts_; }

 private:
  void CheckShape(const Batch& batch);
  void CheckBlocks(const Batch& batch);
  void Complain(const Batch& batch, const std::string& what);
  std::vector<int32_t> TokensUpTo(const BatchSequence& sequence, int position) const;

  const SchedulerLimits limits_;
  const int vocabulary_;
  std::map<int32_t, int32_t>
      cache_;  // block * block_tokens + slot -> token, as a KV cache would hold it
  std::vector<std::string> complaints_;
  std::set<uint64_t> begun_;
  int restarts_ = 0;
};

}  // namespace motley
