// KV memory on its way from a prefill to a decode pool, over the links between devices that hold
// the same items, and while the prompt is still computed: all but the last layer's is sent as
// layers are done (DistServe, Splitwise). A request that finds no room in the decode pool is sent
// as a whole once there is.

#include <algorithm>

#include "scheduler/simulator/engine/simulation.h"

namespace motley::simulator {

double Simulation::LatencyUs(int from, int to) const {
  const auto& devices = in_.machine.devices;
  return from == to ? 0 : in_.machine.Link(devices[from].id, devices[to].id).latency_us;
}

double Simulation::KvArrival(const LaidReplica& from, const LaidReplica& to, const Flight& flight) {
  const double tokens = flight.context() - 1;
  const bool at_once = flight.last_step_us == now_us_ && flight.began_us >= 0;
  double ready_us = now_us_;
  for (const LaidStage& source : from.stages) {
    for (const LaidStage& target : to.stages) {
      const int first = std::max(source.first, target.first);
      const int last = std::min(source.last, target.last);
      if (first > last || source.device == target.device) continue;
      const double whole_us =
          in_.costs.KvTransfer(source.device, target.device, first, last, tokens);
      const double latency_us = LatencyUs(source.device, target.device);
      double& free_us = LinkFree(source.device, target.device);
      const double begin_us = at_once ? flight.began_us : now_us_;
      free_us = std::max(free_us, begin_us) + (whole_us - latency_us);
      ready_us = std::max(ready_us, free_us + latency_us);
      // The last layer's was not there before the prompt's last step was done.
      const int last_layer = in_.layout.last_layer;
      if (first <= last_layer && last_layer <= last) {
        ready_us =
            std::max(ready_us, now_us_ + in_.costs.KvTransfer(source.device, target.device,
                                                              last_layer, last_layer, tokens));
      }
    }
  }
  return ready_us;
}

void Simulation::SendKv(int c, int flight) {
  Cohort& cohort = *cohorts_[c];
  const ReplicaState& replica = replicas_[cohort.replica()];
  const int unit = replica.block_tokens;
  int number = static_cast<int>(transfers_.size());
  if (free_transfers_.empty()) {
    transfers_.emplace_back();
  } else {
    number = free_transfers_.back();
    free_transfers_.pop_back();
  }
  Transfer& transfer = transfers_[number];
  transfer = {.cohort = c,
              .flight = flight,
              .blocks = (flights_[flight].context() + unit) / unit,
              .epoch = replica.epoch,
              .done = false};
  ++cohort.incoming;
  cohort.incoming_blocks += transfer.blocks;
  const auto& laid = in_.layout.replicas;
  events_.Put(
      KvArrival(laid[flights_[flight].from_replica], laid[cohort.replica()], flights_[flight]),
      EventKind::kKvReady, number);
}

void Simulation::KvReady(int number) {
  Transfer& transfer = transfers_[number];
  free_transfers_.push_back(number);
  transfer.done = true;
  Cohort& cohort = *cohorts_[transfer.cohort];
  const int r = cohort.replica();
  if (replicas_[r].epoch != transfer.epoch) return;  // the replica was lost, the request is back
  --cohort.incoming;
  cohort.incoming_blocks -= transfer.blocks;
  recorder_.Token(flights_[transfer.flight], now_us_);
  if (!cohort.Submit(transfer.flight, MakeRequest(r, flights_[transfer.flight]))) {
    Violate("a request that has room was refused");
    --replicas_[r].sequences;
    return Answer(transfer.flight, false);
  }
  touched_.push_back(transfer.cohort);
  Settle();
}

}  // namespace motley::simulator
