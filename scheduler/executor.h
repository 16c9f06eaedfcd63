#pragma once
// The seam between deciding and running: one batch in, one outcome out. Real: the workers
// (daemon/pipeline). Twins: a scripted executor in tests, the simulator. Run is called from the
// scheduler's one thread.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "scheduler/request.h"

namespace motley {

// One token of one sequence. Rows of a sequence are adjacent and in order of position.
struct BatchRow {
  int32_t token = 0;
  int32_t position = 0;
  int32_t sequence = 0;  // index into Batch::sequences
};

// What to make of one row's logits.
struct BatchOutput {
  int32_t row = 0;
  bool sample = true;   // choose the next token; else only score `target`
  int32_t target = -1;  // prompt scoring: the token whose log-probability is asked for
  int logprobs = kNoLogprobs;
  bool suppress_end = false;  // min_tokens: end tokens of the sequence get no probability
};

struct BatchSequence {
  uint64_t request = 0;         // the scheduler's number of the request
  std::vector<int32_t> blocks;  // KV blocks, in order of position
  SamplingParams sampling;
  std::vector<int32_t> end_tokens;
  std::vector<int32_t> prompt, generated;  // so far; filled only when sampling.UsesHistory()
};

struct Batch {
  uint64_t step = 0;
  std::vector<BatchSequence> sequences;
  std::vector<BatchRow> rows;
  std::vector<BatchOutput> outputs;
};

struct StageTime {
  std::string device;
  int first_item = 0, last_item = 0;
  double ms = 0;
};

// outcome[i] belongs to Batch::outputs[i].
struct Done {
  std::vector<TokenLogprob> outputs;
  std::vector<StageTime> stages;
};
struct DeviceLost {
  std::string device, reason;
};
struct OutOfMemory {
  std::string device, reason;
};
struct Failed {
  Error error;
};
using StepOutcome = std::variant<Done, DeviceLost, OutOfMemory, Failed>;

class Executor {
 public:
  virtual ~Executor() = default;
  virtual StepOutcome Run(const Batch& batch) = 0;
};

}  // namespace motley
