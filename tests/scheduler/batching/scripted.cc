#include "tests/scheduler/batching/scripted.h"

#include <algorithm>

namespace motley {
namespace {

uint64_t Hash(const std::vector<int32_t>& tokens) {
  uint64_t hash = 1469598103934665603u;
  for (const int32_t token : tokens) hash = (hash ^ static_cast<uint32_t>(token)) * 1099511628211u;
  return hash ^ (hash >> 29);
}

}  // namespace

int32_t ScriptedNext(const std::vector<int32_t>& tokens, int vocabulary) {
  return static_cast<int32_t>(Hash(tokens) % vocabulary);
}

float ScriptedScore(const std::vector<int32_t>& tokens, int32_t target) {
  return -static_cast<float>((Hash(tokens) + target) % 1000) / 100;
}

ScriptedAnswer AnswerAlone(const Request& request, int vocabulary) {
  ScriptedAnswer answer;
  std::vector<int32_t> tokens(request.prompt.begin(), request.prompt.begin() + 1);
  for (size_t i = 1; i < request.prompt.size(); ++i) {
    answer.prompt_scores.push_back(ScriptedScore(tokens, request.prompt[i]));
    tokens.push_back(request.prompt[i]);
  }
  while (static_cast<int>(answer.tokens.size()) < request.max_tokens) {
    answer.tokens.push_back(ScriptedNext(tokens, vocabulary));
    tokens.push_back(answer.tokens.back());
    const auto& ends = request.end_tokens;
    if (!request.ignore_end && std::find(ends.begin(), ends.end(), tokens.back()) != ends.end()) {
      answer.finished = FinishReason::kStop;
      break;
    }
  }
  return answer;
}

void ScriptedExecutor::Complain(const Batch& batch, const std::string& what) {
  complaints_.push_back("step " + std::to_string(batch.step) + ": " + what);
}

void ScriptedExecutor::CheckShape(const Batch& batch) {
  if (batch.rows.empty()) Complain(batch, "no rows");
  if (static_cast<int>(batch.rows.size()) > limits_.batch_rows) Complain(batch, "over the budget");
  if (static_cast<int>(batch.sequences.size()) > limits_.max_sequences) {
    Complain(batch, "too many sequences");
  }
  for (size_t i = 1; i < batch.rows.size(); ++i) {
    const BatchRow& row = batch.rows[i];
    const BatchRow& before = batch.rows[i - 1];
    if (row.sequence < before.sequence) Complain(batch, "rows of a sequence are not adjacent");
    if (row.sequence == before.sequence && row.position != before.position + 1) {
      Complain(batch, "positions do not follow each other");
    }
  }
  for (size_t i = 1; i < batch.outputs.size(); ++i) {
    if (batch.outputs[i].row <= batch.outputs[i - 1].row) Complain(batch, "outputs out of order");
  }
}

void ScriptedExecutor::CheckBlocks(const Batch& batch) {
  std::set<int32_t> taken;
  for (const BatchSequence& sequence : batch.sequences) {
    for (const int32_t block : sequence.blocks) {
      if (!taken.insert(block).second) Complain(batch, "a block belongs to two sequences");
      if (block < 0 || block >= limits_.kv_blocks) Complain(batch, "no such block");
    }
  }
  for (const BatchRow& row : batch.rows) {
    const auto& blocks = batch.sequences[row.sequence].blocks;
    if (row.position / limits_.block_tokens >= static_cast<int>(blocks.size())) {
      Complain(batch, "a row without a block");
    }
  }
}

std::vector<int32_t> ScriptedExecutor::TokensUpTo(const BatchSequence& sequence,
                                                  int position) const {
  std::vector<int32_t> tokens;
  for (int i = 0; i <= position; ++i) {
    const int slot =
        sequence.blocks[i / limits_.block_tokens] * limits_.block_tokens + i % limits_.block_tokens;
    const auto found = cache_.find(slot);
    tokens.push_back(found == cache_.end() ? -1 : found->second);
  }
  return tokens;
}

StepOutcome ScriptedExecutor::Run(const Batch& batch) {
  CheckShape(batch);
  CheckBlocks(batch);
  if (!complaints_.empty()) return Failed{Error::Internal(complaints_.front())};
  for (const BatchRow& row : batch.rows) {
    const BatchSequence& sequence = batch.sequences[row.sequence];
    if (row.position == 0 && !begun_.insert(sequence.request).second) ++restarts_;
    const auto& blocks = sequence.blocks;
    cache_[blocks[row.position / limits_.block_tokens] * limits_.block_tokens +
           row.position % limits_.block_tokens] = row.token;
  }
  Done done;
  for (const BatchOutput& output : batch.outputs) {
    const BatchRow& row = batch.rows[output.row];
    const auto tokens = TokensUpTo(batch.sequences[row.sequence], row.position);
    TokenLogprob result;
    result.token = output.sample ? ScriptedNext(tokens, vocabulary_) : output.target;
    if (!output.sample) result.logprob = ScriptedScore(tokens, output.target);
    done.outputs.push_back(result);
  }
  return done;
}

}  // namespace motley
