#pragma once
// What one step costs: any run of items, on any device of a machine, for any batch. Everything that
// predicts time asks here: the partitioners, the simulator, the footer of a run. Built once for a
// machine and a workload; read-only afterwards, any thread. Microseconds and bytes.
//
// Per device the best source wins: item_times_us, layer_times, step_times, ops, peak. What each
// says of batches it did not see is in docs/how-motley-plans.md. Errors of Make: InvalidArgument
// naming the key (nothing known of a device, wrong numbers, not finite, below 0, a pair of devices
// with neither link nor default_link).

#include <array>
#include <memory>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

// What a batch asks of a stage, in numbers: all that its time depends on.
struct StepShape {
  double prefill_rows = 0;    // prompt tokens computed in this step
  double prefill_pairs = 0;   // (row, token it attends to): sum of T x past + T (T + 1) / 2
  double decode_rows = 0;     // sequences that get one token
  double decode_context = 0;  // tokens of context of them all
  double logit_rows = 0;      // rows the head computes: finished prompts and decoding sequences

  // One whole prompt after `past` tokens; `batch` sequences with `context` tokens each.
  static StepShape Prompt(double tokens, double past = 0);
  static StepShape Decode(double batch, double context);
  StepShape operator+(const StepShape& other) const;
};

// NaN: the source says nothing of a phase that the shape asks for (CostModel::Knows).
struct Estimate {
  double us = 0;
  double sigma_us = 0;  // one standard deviation of what will be measured

  // Of two things one device does: it is off by the same share in both.
  Estimate operator+(const Estimate& other) const;
  // Of two devices: what one is off by says nothing of the other.
  Estimate AndApart(const Estimate& other) const;
};

// What a step's time is made of, by what is off together: what it takes once, matrices of few and
// of many rows, attention of sequences and of prompts.
enum class CostClass { kOnce, kFewRows, kManyRows, kDecodeAttention, kPrefillAttention };
inline constexpr size_t kCostClasses = 5;
using ClassTimes = std::array<double, kCostClasses>;  // us, by CostClass

// A run of items on one device, ready to be asked many times (the simulator asks millions of them).
class StageCost {
 public:
  virtual ~StageCost() = default;
  virtual Estimate Step(const StepShape& shape) const = 0;
  // Step().us in parts. A source that cannot tell has all of it in the matrices.
  virtual ClassTimes Classes(const StepShape& shape) const;
};

class CostModel {
 public:
  // `prompt_tokens`: of the prompt that item_times_us.prefill is for; 0: there is none, and such
  // times are not known.
  static Result<CostModel> Make(const MachineProfile& machine, const Workload& workload,
                                double prompt_tokens);

  int devices() const;
  int items() const;
  // Whether a source says something of the phase on this device.
  bool Knows(int device, Phase phase) const;
  // Priced from a data sheet.
  bool IsPrior(int device) const;
  // What a step takes on the device once, whatever its items.
  Estimate OncePerStep(int device) const;
  // One item (index into Workload::items) without OncePerStep; a stage of items first..last with
  // it, so that a stage costs what its items cost and OncePerStep. kStreamed: no faster than its
  // weights (a gather of an embedding needs none) come over the link from the host; infinite
  // without such a link. A stage outlives the model it is of.
  Estimate Item(int device, int item, const StepShape& shape) const;
  std::unique_ptr<StageCost> Stage(int device, int first, int last,
                                   StageMode mode = StageMode::kResident) const;
  // The hidden state of `rows` rows; the KV memory of `tokens` tokens of items first..last. Nothing
  // between a device and itself.
  double Boundary(int from, int to, double rows) const;
  double KvTransfer(int from, int to, int first, int last, double tokens) const;

 private:
  struct Tables;
  std::shared_ptr<const Tables> tables_;
};

}  // namespace motley
