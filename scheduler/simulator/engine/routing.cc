// Which cohort a request goes to: one that has room, of the replica that is furthest behind its
// share of requests or, where the plan names no shares, has the fewest for what it can do.

#include <algorithm>
#include <limits>

#include "scheduler/simulator/engine/simulation.h"

namespace motley::simulator {
namespace {

int64_t BlocksFor(int64_t tokens, int block_tokens) {
  return (tokens + block_tokens - 1) / block_tokens;
}

// Tokens that come to be held there: the last generated one never is.
int64_t WorstTokens(Phase phase, const Flight& flight) {
  return phase == Phase::kPrefill ? flight.context() : int64_t{flight.prompt} + flight.output - 1;
}

}  // namespace

void Simulation::MeasureStation(Station& station) {
  station.longest = 0;
  if (&station == &entry_) both_longest_ = 0;
  for (const int r : station.replicas) {
    const ReplicaState& replica = replicas_[r];
    if (replica.never_back > 0) continue;
    const int64_t tokens = int64_t{replica.kv_blocks} * replica.block_tokens;
    station.longest = std::max(station.longest, tokens);
    if (in_.layout.replicas[r].phase == Phase::kBoth) {
      both_longest_ = std::max(both_longest_, tokens);
    }
  }
}

bool Simulation::HasBlocks(const ReplicaState& replica, int blocks) const {
  int free = 0, missing = blocks;
  for (const int c : replica.cohorts) {
    const SchedulerStatus status = cohorts_[c]->Status();
    free = status.free_blocks;
    missing += status.free_blocks - status.unclaimed_blocks + cohorts_[c]->incoming_blocks;
  }
  return missing <= free;
}

int Simulation::BestCohort(ReplicaState& replica, int64_t tokens, int64_t worst) {
  if (BlocksFor(worst, replica.block_tokens) > replica.kv_blocks) return -1;
  int best = -1;
  for (const int c : replica.cohorts) {
    const Cohort& cohort = *cohorts_[c];
    if (cohort.Full()) continue;
    if (best >= 0) {
      const Cohort& other = *cohorts_[best];
      if (cohort.sequences() > other.sequences()) continue;
      if (cohort.sequences() == other.sequences() && cohort.under_way() >= other.under_way()) {
        continue;
      }
    }
    best = c;
  }
  // As the batcher starts a request: when blocks hold what it is and one token, or nothing else
  // runs.
  const auto needed = static_cast<int>(BlocksFor(tokens + 1, replica.block_tokens));
  if (best >= 0 && replica.sequences > 0 && !HasBlocks(replica, needed)) return -1;
  return best;
}

Simulation::Choice Simulation::Choose(Station& station, const Flight& flight) {
  Choice choice;
  for (const int r : station.replicas) {
    ReplicaState& replica = replicas_[r];
    if (replica.lost_devices > 0) continue;
    const LaidReplica& laid = in_.layout.replicas[r];
    const double taken = station.by_share ? replica.assigned : replica.sequences;
    const double score = (taken + 1) / std::max(laid.weight, 1e-300);
    if (choice.cohort >= 0 && score >= choice.score) continue;
    const int cohort = BestCohort(replica, flight.context(), WorstTokens(laid.phase, flight));
    if (cohort >= 0) choice = {cohort, score};
  }
  return choice;
}

// At the decode station the KV memory of all but the latest token comes along.
Request Simulation::MakeRequest(int replica, const Flight& flight) const {
  const Phase phase = in_.layout.replicas[replica].phase;
  Request request;
  request.prompt.assign(static_cast<size_t>(flight.context()), 0);
  request.max_tokens = phase == Phase::kPrefill ? 1 : flight.left();
  request.ignore_end = true;
  if (phase == Phase::kDecode) request.computed_tokens = flight.context() - 1;
  return request;
}

void Simulation::Join(int cohort, int flight) {
  const int r = cohorts_[cohort]->replica();
  ++replicas_[r].assigned;
  ++replicas_[r].sequences;
  if (in_.layout.replicas[r].phase == Phase::kDecode) return SendKv(cohort, flight);
  if (!cohorts_[cohort]->Submit(flight, MakeRequest(r, flights_[flight]))) {
    Violate("a request that has room was refused");
    --replicas_[r].sequences;
    return Answer(flight, false);
  }
  touched_.push_back(cohort);
}

}  // namespace motley::simulator
