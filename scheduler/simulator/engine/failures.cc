// Devices that go and come back. As in the service: what ran in the batch under way ends with an
// error, what only waited goes on elsewhere or when the device is back.

#include "scheduler/simulator/engine/simulation.h"

namespace motley::simulator {

void Simulation::Fail(int f) {
  const auto& failure = in_.options.failures[f];
  for (size_t d = 0; d < devices_.size(); ++d) {
    if (in_.machine.devices[d].id != failure.device || devices_[d].down) continue;
    devices_[d].Lose(now_us_);
    const bool comes_back = failure.back_after_s > 0;
    if (comes_back) {
      events_.Put(now_us_ + failure.back_after_s * 1e6, EventKind::kBack, f);
    }
    for (size_t r = 0; r < replicas_.size(); ++r) {
      for (const LaidStage& stage : in_.layout.replicas[r].stages) {
        if (stage.device != static_cast<int>(d)) continue;
        ++replicas_[r].lost_devices;
        if (!comes_back) ++replicas_[r].never_back;
        LoseReplica(static_cast<int>(r), failure.device);
      }
    }
  }
  MeasureStation(entry_);
  MeasureStation(decode_);
  Bind(entry_);
  Bind(decode_);
  Settle();
}

void Simulation::LoseReplica(int r, const std::string& device) {
  ReplicaState& replica = replicas_[r];
  std::vector<int> back;
  for (const Transfer& transfer : transfers_) {
    const Cohort& cohort = *cohorts_[transfer.cohort];
    if (transfer.done || cohort.replica() != r || transfer.epoch != replica.epoch) continue;
    back.push_back(transfer.flight);
  }
  for (const int c : replica.cohorts) {
    Cohort& cohort = *cohorts_[c];
    for (const RequestUpdate& update : cohort.Lose({device, "it failed"})) Update(c, update);
    for (const int flight : cohort.Drain()) back.push_back(flight);
    cohort.incoming = cohort.incoming_blocks = 0;
  }
  replica.sequences = 0;
  replica.stalled.clear();
  ++replica.epoch;
  // With the device went their KV memory: they begin at the entry with what they have.
  for (const int flight : back) flights_[flight].began_us = kNever;
  entry_.flights.insert(entry_.flights.begin(), back.begin(), back.end());
}

void Simulation::Back(int f) {
  const auto& failure = in_.options.failures[f];
  for (size_t d = 0; d < devices_.size(); ++d) {
    if (in_.machine.devices[d].id != failure.device) continue;
    devices_[d].down = false;
    devices_[d].down_us += now_us_ - devices_[d].down_since_us;
    for (size_t r = 0; r < replicas_.size(); ++r) {
      for (const LaidStage& stage : in_.layout.replicas[r].stages) {
        if (stage.device == static_cast<int>(d)) --replicas_[r].lost_devices;
      }
    }
  }
  Bind(entry_);
  Bind(decode_);
  Settle();
}

}  // namespace motley::simulator
