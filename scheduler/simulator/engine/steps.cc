// Batches on their way from device to device.

#include <algorithm>

#include "scheduler/simulator/engine/simulation.h"

namespace motley::simulator {

void Simulation::StartBatch(int c) {
  Cohort& cohort = *cohorts_[c];
  if (!cohort.Form(flights_)) return;
  ++steps_;
  if (in_.layout.split_phases) {
    for (const BatchSequence& sequence : cohort.batch().sequences) {
      Flight& flight = flights_[cohort.FlightOf(sequence.request)];
      if (flight.began_us < 0) flight.began_us = now_us_;
    }
  }
  Queue(c);
}

void Simulation::Queue(int c) {
  const Cohort& cohort = *cohorts_[c];
  const int device = in_.layout.replicas[cohort.replica()].stages[cohort.stage].device;
  devices_[device].Wait({c, cohort.generation});
  Serve(device);
}

void Simulation::Serve(int d) {
  SimDevice& device = devices_[d];
  if (!device.CanStart()) return;
  const std::vector<Step>& steps = device.Start(cohorts_, now_us_);
  if (steps.empty()) return;
  StepShape shape = cohorts_[steps[0].cohort]->shape();
  for (size_t i = 1; i < steps.size(); ++i) shape = shape + cohorts_[steps[i].cohort]->shape();
  const Cohort& first = *cohorts_[steps[0].cohort];
  const StageCost& cost = *in_.layout.replicas[first.replica()].stages[first.stage].cost;
  double us = cost.Step(shape).us;
  // A device of a decode pool whose prompts nobody measured, and a request that lost its blocks:
  // its rows cost what so many sequences would.
  if (!(us >= 0)) us = cost.Step(StepShape::Decode(shape.prefill_rows + shape.decode_rows, 1)).us;
  events_.Put(now_us_ + us, EventKind::kStepDone, d, device.generation);
}

void Simulation::FinishStep(int d) {
  for (const Step& step : devices_[d].Finish(now_us_)) {
    if (cohorts_[step.cohort]->generation == step.generation) Advance(step.cohort);
  }
  Serve(d);
}

// A link carries one hidden state after the other; its latency keeps it busy for nobody.
void Simulation::Advance(int c) {
  Cohort& cohort = *cohorts_[c];
  const auto& stages = in_.layout.replicas[cohort.replica()].stages;
  if (cohort.stage + 1 == static_cast<int>(stages.size())) return Complete(c);
  const int from = stages[cohort.stage].device, to = stages[++cohort.stage].device;
  const double latency_us = LatencyUs(from, to);
  const double whole_us =
      in_.costs.Boundary(from, to, static_cast<double>(cohort.batch().rows.size()));
  double& free_us = LinkFree(from, to);
  free_us = std::max(free_us, now_us_) + (whole_us - latency_us);
  events_.Put(free_us + latency_us, EventKind::kHandOver, c, cohort.generation);
}

void Simulation::Complete(int c) {
  bool left = false;
  for (const RequestUpdate& update : cohorts_[c]->Finish()) {
    left |= update.finished.has_value();
    Update(c, update);
  }
  if (left) Bind(StationOf(cohorts_[c]->replica()));
  if (left && in_.layout.split_phases) Bind(decode_);
  touched_.push_back(c);
  // Blocks may have come back that others wait for.
  auto& stalled = replicas_[cohorts_[c]->replica()].stalled;
  touched_.insert(touched_.end(), stalled.begin(), stalled.end());
  stalled.clear();
  Settle();
}

void Simulation::Update(int c, const RequestUpdate& update) {
  Cohort& cohort = *cohorts_[c];
  const int flight = cohort.FlightOf(update.request);
  if (flight < 0) {
    Violate("an update of a request that was answered");
    return;
  }
  const bool hands_over = in_.layout.replicas[cohort.replica()].phase == Phase::kPrefill &&
                          flights_[flight].output > flights_[flight].emitted + 1;
  if (!update.tokens.empty()) {
    ++flights_[flight].emitted;
    if (!hands_over) recorder_.Token(flights_[flight], now_us_);
  }
  if (!update.finished) return;
  cohort.Forget(update.request);
  --replicas_[cohort.replica()].sequences;
  if (update.error) return Answer(flight, false);
  if (!hands_over) return Answer(flight, true);
  flights_[flight].from_replica = cohort.replica();
  flights_[flight].last_step_us = now_us_;
  decode_.flights.push_back(flight);
}

}  // namespace motley::simulator
