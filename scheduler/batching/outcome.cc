#include <algorithm>

#include "scheduler/batching/batcher.h"

namespace motley {
namespace {

// Why generation ends with the token just appended, if it does.
std::optional<FinishReason> FinishOf(const Sequence& sequence) {
  const Request& request = sequence.request;
  const auto& ends = request.end_tokens;
  if (sequence.generated() > 0 && !request.ignore_end &&
      std::find(ends.begin(), ends.end(), sequence.tokens.back()) != ends.end()) {
    return FinishReason::kStop;
  }
  if (sequence.generated() >= request.max_tokens) return FinishReason::kLength;
  return std::nullopt;
}

// The part of a finished step that belongs to one sequence.
struct SequenceResult {
  int rows = 0;
  std::vector<const TokenLogprob*> scores;
  const TokenLogprob* sampled = nullptr;
};

std::vector<SequenceResult> SplitResults(const Batch& batch, const Done& done) {
  std::vector<SequenceResult> results(batch.sequences.size());
  for (const BatchRow& row : batch.rows) ++results[row.sequence].rows;
  for (size_t i = 0; i < batch.outputs.size(); ++i) {
    const BatchOutput& output = batch.outputs[i];
    SequenceResult& result = results[batch.rows[output.row].sequence];
    if (output.sample) {
      result.sampled = &done.outputs[i];
    } else {
      result.scores.push_back(&done.outputs[i]);
    }
  }
  return results;
}

// Adds an update, unless there is nothing to tell (a chunk in the middle of a prompt).
void Advance(Sequence& sequence, const SequenceResult& result,
             std::vector<RequestUpdate>& updates) {
  sequence.computed += result.rows;
  for (const TokenLogprob* score : result.scores) sequence.prompt_scores.push_back(*score);
  if (sequence.pending() > 0) return;
  RequestUpdate& update = updates.emplace_back();
  update.request = sequence.number;
  // The scores are told once, with the step that ends the prompt; a later re-computation ends with
  // generated tokens.
  if (sequence.generated() == 0) update.prompt_scores = sequence.prompt_scores;
  if (result.sampled) {
    sequence.tokens.push_back(result.sampled->token);
    update.tokens.push_back(*result.sampled);
  }
  update.finished = FinishOf(sequence);
}

std::vector<RequestUpdate> ApplyDone(Roster& roster, const Batch& batch, const Done& done) {
  const std::vector<SequenceResult> results = SplitResults(batch, done);
  std::vector<RequestUpdate> updates;
  updates.reserve(results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const auto found = roster.running.find(batch.sequences[i].request);
    if (found == roster.running.end()) continue;
    const size_t before = updates.size();
    Advance(found->second, results[i], updates);
    if (updates.size() > before && updates.back().finished) roster.Remove(updates.back().request);
  }
  return updates;
}

RequestUpdate Fail(Roster& roster, uint64_t request, const Error& error) {
  roster.Remove(request);
  return {.request = request, .finished = FinishReason::kError, .error = error};
}

std::vector<RequestUpdate> FailBatch(Roster& roster, const Batch& batch, const Error& error) {
  std::vector<RequestUpdate> updates;
  for (const BatchSequence& sequence : batch.sequences) {
    if (!roster.running.contains(sequence.request)) continue;
    updates.push_back(Fail(roster, sequence.request, error));
  }
  return updates;
}

Error LostError(const DeviceLost& lost) {
  Error error = Error::DeviceLost(lost.device + " was lost: " + lost.reason);
  error.field = lost.device;
  return error;
}

// Those that ran but were not in this batch had state on the device too; they start again from
// their tokens.
std::vector<RequestUpdate> ApplyLost(Roster& roster, const Batch& batch, const DeviceLost& lost) {
  auto updates = FailBatch(roster, batch, LostError(lost));
  while (!roster.running.empty()) roster.Requeue(roster.running.rbegin()->first);
  return updates;
}

Error MemoryError(const OutOfMemory& full) {
  Error error;
  error.code = Code::kOutOfMemory;
  error.message = full.device + " is out of memory: " + full.reason;
  error.field = full.device;
  return error;
}

}  // namespace

std::vector<RequestUpdate> ApplyOutcome(Roster& roster, const Batch& batch,
                                        const StepOutcome& outcome) {
  if (const auto* lost = std::get_if<DeviceLost>(&outcome)) return ApplyLost(roster, batch, *lost);
  if (const auto* full = std::get_if<OutOfMemory>(&outcome)) {
    return FailBatch(roster, batch, MemoryError(*full));
  }
  if (const auto* failed = std::get_if<Failed>(&outcome)) {
    return FailBatch(roster, batch, failed->error);
  }
  const Done& done = std::get<Done>(outcome);
  if (done.outputs.size() != batch.outputs.size()) {
    return FailBatch(
        roster, batch,
        Error::Internal("the step returned " + std::to_string(done.outputs.size()) + " outputs, " +
                        std::to_string(batch.outputs.size()) + " were asked for"));
  }
  return ApplyDone(roster, batch, done);
}

std::vector<RequestUpdate> FailRunning(Roster& roster, const DeviceLost& lost) {
  std::vector<RequestUpdate> updates;
  while (!roster.running.empty()) {
    updates.push_back(Fail(roster, roster.running.begin()->first, LostError(lost)));
  }
  return updates;
}

}  // namespace motley
