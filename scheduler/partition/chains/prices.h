#pragma once
// What serving costs, as the partitioners of this folder see it: devices that could change places
// form one class; times of one cycle of a micro-batch per class, batch and phase; memory of runs
// with KV of sequences in flight. Built once per solve from the cost model; read-only, any thread.
// Microseconds and bytes. The definitions are in docs/formats.md, "What the value means".

#include <vector>

#include "base/result.h"
#include "scheduler/cost_model/cost_model.h"
#include "scheduler/partition/memory.h"
#include "scheduler/partition/solve/classes.h"
#include "scheduler/plan.h"

namespace motley {

inline constexpr int kMicroBatches[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

// The question: one machine, one model, one objective. Holds references, valid while they are.
struct ServiceQuestion {
  const MachineProfile& machine;
  const Workload& workload;
  const Objective& objective;
  const CostModel& model;
};

// One cycle of a micro-batch on one device of a class: fixed + prefix[end] - prefix[first], and the
// boundary from a device of another class before it.
struct CycleTimes {
  double fixed = 0;
  std::vector<double> prefix;    // [items + 1]
  std::vector<double> boundary;  // [class before]
};

// What of a request a pool does, and how much of it one cycle carries.
double SequenceTokens(const Objective& objective, Phase phase);  // KV of one sequence in flight
double TokensPerCycle(const Objective& objective, Phase phase, int micro_batch);
std::vector<int> MicroBatches(Phase phase);  // prefill takes prompts one by one

// The devices that could change places unnoticed.
std::vector<AlikeDevices> ServiceClasses(const ServiceQuestion& question);

class ServicePrices {
 public:
  explicit ServicePrices(const ServiceQuestion& question);
  // With classes that are coarser nowhere than its own: where several models share a machine.
  ServicePrices(const ServiceQuestion& question, std::vector<AlikeDevices> classes);

  int items() const { return items_; }
  int classes() const { return static_cast<int>(classes_.size()); }
  const AlikeDevices& Class(int cls) const { return classes_[static_cast<size_t>(cls)]; }
  std::vector<int> Counts() const;
  // `batch`: index into MicroBatches(phase).
  const CycleTimes& Cycle(Phase phase, int batch, int cls) const;
  // The runs that fit beside KV memory of so many sequences.
  FittingRuns Fitting(Phase phase, int cls, double sequences) const;
  // Weights of [first, end) and KV of one token of it.
  double WeightBytes(int first, int end) const { return weights_(first, end); }
  double KvBytesPerToken(int first, int end) const {
    return kv_[static_cast<size_t>(end)] - kv_[static_cast<size_t>(first)];
  }
  const ServiceQuestion& question() const { return question_; }

 private:
  CycleTimes MakeCycle(Phase phase, int micro_batch, int cls) const;

  const ServiceQuestion question_;
  int items_;
  RunBytes weights_;
  std::vector<double> kv_;  // prefix sums, bytes of one token
  std::vector<AlikeDevices> classes_;
  std::vector<std::vector<CycleTimes>> cycles_[3];  // [phase][batch][class]
};

}  // namespace motley
