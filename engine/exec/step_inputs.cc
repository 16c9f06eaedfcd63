#include "engine/exec/step_inputs.h"

#include <algorithm>

namespace motley {
namespace {

Error OutOfBounds(const char* what, int64_t value, int64_t limit) {
  return Error::Invalid(what, std::string(what) + " is " + std::to_string(value) +
                                  ", the stage takes 0 to " + std::to_string(limit));
}

Status Check(const char* what, int64_t value, int64_t limit) {
  if (value < 0 || value > limit) return OutOfBounds(what, value, limit);
  return {};
}

Status AddRow(const Batch& batch, const BatchRow& row, const StageShape& shape, int vocabulary,
              StepInputs* out) {
  TRY(Check("batch.rows.token", row.token, vocabulary - 1));
  TRY(Check("batch.rows.sequence", row.sequence, static_cast<int64_t>(batch.sequences.size()) - 1));
  const auto& blocks = batch.sequences[static_cast<size_t>(row.sequence)].blocks;
  const int64_t tokens = static_cast<int64_t>(blocks.size()) * shape.block_tokens;
  TRY(Check("batch.rows.position", row.position, tokens - 1));
  const int32_t block = blocks[static_cast<size_t>(row.position / shape.block_tokens)];
  (*out)[Input::kTokens].push_back(row.token);
  (*out)[Input::kPositions].push_back(row.position);
  (*out)[Input::kSequences].push_back(row.sequence);
  (*out)[Input::kSlots].push_back(block * shape.block_tokens + row.position % shape.block_tokens);
  return {};
}

}  // namespace

Result<StepInputs> MakeStepInputs(const Batch& batch, const StageShape& shape, int vocabulary) {
  StepInputs out;
  out.rows = static_cast<int>(batch.rows.size());
  TRY(Check("batch.rows", out.rows, shape.max_rows));
  TRY(Check("batch.sequences", static_cast<int64_t>(batch.sequences.size()), shape.max_sequences));
  for (const BatchSequence& s : batch.sequences) {
    TRY(Check("batch.sequences.blocks", static_cast<int64_t>(s.blocks.size()), shape.kv_blocks));
    out.blocks = std::max(out.blocks, static_cast<int>(s.blocks.size()));
    for (const int32_t block : s.blocks)
      TRY(Check("batch.sequences.blocks", block, shape.kv_blocks - 1));
  }
  for (const BatchSequence& s : batch.sequences) {
    auto& table = out[Input::kBlockTable];
    table.insert(table.end(), s.blocks.begin(), s.blocks.end());
    table.resize(table.size() + static_cast<size_t>(out.blocks) - s.blocks.size(), 0);
  }
  for (const BatchRow& row : batch.rows) TRY(AddRow(batch, row, shape, vocabulary, &out));
  for (const BatchOutput& output : batch.outputs) {
    TRY(Check("batch.outputs.row", output.row, out.rows - 1));
    out[Input::kOutputRows].push_back(output.row);
  }
  return out;
}

}  // namespace motley
