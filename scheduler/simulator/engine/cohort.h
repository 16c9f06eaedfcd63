#pragma once
// One of the groups of sequences whose batches take turns in a pipeline: a real scheduler, and the
// one batch of it that is under way. Owned by the simulation.

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "scheduler/cost_model/cost_model.h"
#include "scheduler/scheduler.h"
#include "scheduler/simulator/engine/flights.h"

namespace motley::simulator {

class Cohort {
 public:
  Cohort(int replica, const SchedulerLimits& limits, std::shared_ptr<BlockLedger> blocks);

  int replica() const { return replica_; }
  int sequences() const { return sequences_ + incoming; }
  bool Full() const { return sequences() >= limits_.max_sequences; }
  bool under_way() const { return batch_.has_value(); }
  const Batch& batch() const { return *batch_; }
  SchedulerStatus Status() const { return scheduler_->Status(); }
  // Blocks that its requests still need for what they are, besides those they hold.
  int MissingBlocks() const;

  // False when the scheduler does not take it.
  bool Submit(int flight, Request request);
  // Forms the next batch; false when nothing can run.
  bool Form(Flights& flights);
  const StepShape& shape() const { return shape_; }
  // Ends the batch with a token for each output. The updates name flights by FlightOf.
  std::vector<RequestUpdate> Finish();
  // Its pipeline lost a device: the updates tell who fails; who does not is returned by Drain.
  std::vector<RequestUpdate> Lose(const DeviceLost& lost);
  std::vector<int> Drain();
  int FlightOf(uint64_t request) const { return flights_[request - first_]; }
  // The request is answered or goes elsewhere.
  void Forget(uint64_t request);

  int stage = 0;            // of the batch under way
  uint64_t generation = 1;  // grows when its batch is lost
  int incoming = 0;         // bound to it, their KV memory still on the way
  int incoming_blocks = 0;

 private:
  StepShape Measure(Flights& flights) const;

  const int replica_;
  const SchedulerLimits limits_;
  std::unique_ptr<Scheduler> scheduler_;
  std::optional<Batch> batch_;
  StepShape shape_;
  StepOutcome outcome_ = Done{};
  int sequences_ = 0;
  // By the scheduler's number, from first_ on; -1: gone.
  std::deque<int> flights_;
  uint64_t first_ = 1;
};

}  // namespace motley::simulator
