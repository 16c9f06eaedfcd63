#include "scheduler/simulator/engine/simulation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace motley::simulator {
namespace {

constexpr uint64_t kAskEvery = 4096;

// Rows of one step: what all decoding sequences need must leave some to prompts.
int BatchRows(int chunk_tokens, int sequences) {
  return static_cast<int>(std::max<int64_t>(chunk_tokens, int64_t{2} * sequences));
}

// No more blocks than could ever be held: a model without KV memory has no end of them.
int KvBlocks(const LaidReplica& replica, int block_tokens, int longest) {
  const double most = (std::ceil(static_cast<double>(longest) / block_tokens) + 1) *
                      static_cast<double>(replica.max_sequences);
  const double blocks = std::ceil(replica.kv_tokens / block_tokens);
  return static_cast<int>(std::clamp(std::min(blocks, most), 1.0, 1e8));
}

}  // namespace

Simulation::Simulation(const Inputs& inputs)
    : in_(inputs), recorder_(inputs.options.slo, inputs.options.warmup_seconds * 1e6) {
  const Layout& layout = in_.layout;
  for (const LaidDevice& device : layout.devices) {
    devices_.emplace_back(device.merges, device.micro_batch);
    devices_.back().CountFrom(in_.options.warmup_seconds * 1e6);
  }
  link_free_us_.assign(devices_.size() * devices_.size(), 0);
  replicas_.resize(layout.replicas.size());
  for (size_t r = 0; r < layout.replicas.size(); ++r) {
    const LaidReplica& laid = layout.replicas[r];
    ReplicaState& replica = replicas_[r];
    replica.block_tokens = in_.options.block_tokens;
    replica.kv_blocks = KvBlocks(laid, replica.block_tokens, in_.longest);
    SchedulerLimits limits{.context_tokens = std::numeric_limits<int>::max(),
                           .kv_blocks = replica.kv_blocks,
                           .block_tokens = replica.block_tokens,
                           .max_queue = std::numeric_limits<int>::max()};
    replica.blocks = MakeBlocks(limits);
    for (int c = 0; c < laid.cohorts; ++c) {
      limits.max_sequences =
          laid.max_sequences / laid.cohorts + (c < laid.max_sequences % laid.cohorts ? 1 : 0);
      limits.batch_rows = BatchRows(in_.options.chunk_tokens, limits.max_sequences);
      replica.cohorts.push_back(static_cast<int>(cohorts_.size()));
      cohorts_.push_back(std::make_unique<Cohort>(static_cast<int>(r), limits, replica.blocks));
    }
    Station& station = laid.phase == Phase::kDecode ? decode_ : entry_;
    station.replicas.push_back(static_cast<int>(r));
    station.by_share |= laid.share_given;
  }
  MeasureStation(entry_);
  MeasureStation(decode_);
}

SimulationResult Simulation::Run() {
  const SimulationOptions& options = in_.options;
  origin_us_ = in_.arrivals.front().at_s * 1e6;
  const double end_us =
      options.seconds > 0 ? options.seconds * 1e6 : std::numeric_limits<double>::infinity();
  events_.Put(0, EventKind::kArrival, 0);
  for (size_t f = 0; f < options.failures.size(); ++f) {
    events_.Put(options.failures[f].at_s * 1e6, EventKind::kFail, static_cast<int>(f));
  }
  while (!events_.empty() && events_.next_us() <= end_us) {
    if (flights_.count() == 0 && arrived_ == in_.arrivals.size() && taken_ == arrived_) break;
    const Event event = events_.Take();
    now_us_ = event.at_us;
    Handle(event);
    if (++handled_ % kAskEvery == 0 && options.keep_going && !options.keep_going(now_us_ * 1e-6)) {
      break;
    }
  }
  const bool all = flights_.count() == 0 && taken_ == in_.arrivals.size();
  if (!all && std::isfinite(end_us) && (events_.empty() || events_.next_us() > end_us)) {
    now_us_ = end_us;
  } else if (all) {
    now_us_ = last_us_;
  }
  return Report();
}

void Simulation::Handle(const Event& event) {
  switch (event.kind) {
    case EventKind::kArrival:
      return Arrive();
    case EventKind::kStepDone:
      if (devices_[event.subject].generation == event.generation) FinishStep(event.subject);
      return;
    case EventKind::kHandOver:
      if (cohorts_[event.subject]->generation == event.generation) Queue(event.subject);
      return;
    case EventKind::kKvReady:
      return KvReady(event.subject);
    case EventKind::kFail:
      return Fail(event.subject);
    case EventKind::kBack:
      return Back(event.subject);
  }
}

void Simulation::Arrive() {
  const auto at_us = [&](size_t i) { return in_.arrivals[i].at_s * 1e6 - origin_us_; };
  while (arrived_ < in_.arrivals.size() && at_us(arrived_) <= now_us_) {
    Flight flight{.arrived_us = at_us(arrived_)};
    recorder_.Arrived(flight);
    ++arrived_;
  }
  if (arrived_ < in_.arrivals.size()) events_.Put(at_us(arrived_), EventKind::kArrival, 0);
  Bind(entry_);
  Settle();
}

// A request that nobody has begun is made of its arrival when its turn comes: a queue of millions
// costs nothing.
bool Simulation::Head(Station& station, Flight& head) const {
  if (!station.flights.empty()) {
    head = flights_[station.flights.front()];
    return true;
  }
  if (&station != &entry_ || taken_ == arrived_) return false;
  const Arrival& arrival = in_.arrivals[taken_];
  head = {.arrived_us = arrival.at_s * 1e6 - origin_us_,
          .prompt = arrival.prompt_tokens,
          .output = arrival.output_tokens};
  head.counted = head.arrived_us >= in_.options.warmup_seconds * 1e6;
  return true;
}

int Simulation::TakeHead(Station& station) {
  if (!station.flights.empty()) {
    const int flight = station.flights.front();
    station.flights.pop_front();
    return flight;
  }
  Flight head;
  Head(station, head);
  ++taken_;
  return flights_.Add(head);
}

void Simulation::Bind(Station& station) {
  Flight head;
  while (Head(station, head)) {
    if (!EverFits(station, head)) {
      Answer(TakeHead(station), false);
      continue;
    }
    const Choice choice = Choose(station, head);
    if (choice.cohort < 0) return;
    Join(choice.cohort, TakeHead(station));
  }
}

void Simulation::Settle() {
  // Cohorts share blocks: one that gave its own back instead of running lets the others try again.
  for (size_t i = 0; i < touched_.size(); ++i) {
    const Cohort& cohort = *cohorts_[touched_[i]];
    if (cohort.under_way()) continue;
    StartBatch(touched_[i]);
    if (!cohort.under_way() && cohort.sequences() > cohort.incoming) Stall(touched_[i]);
  }
  touched_.clear();
}

// It waits for blocks: the replica's next batch that ends may bring some. When none is under way,
// the others try at once, a few times.
void Simulation::Stall(int c) {
  ReplicaState& replica = replicas_[cohorts_[c]->replica()];
  replica.stalled.push_back(c);
  const auto runs = [&](int other) { return cohorts_[other]->under_way(); };
  if (touched_.size() > 4 * cohorts_.size() || std::ranges::any_of(replica.cohorts, runs)) return;
  touched_.insert(touched_.end(), replica.stalled.begin(), replica.stalled.end());
  replica.stalled.clear();
}

void Simulation::Answer(int flight, bool completed) {
  if (completed) {
    recorder_.Completed(flights_[flight], now_us_);
  } else {
    recorder_.Failed(flights_[flight], now_us_);
  }
  flights_.Remove(flight);
  ++answered_;
  last_us_ = now_us_;
}

Simulation::Station& Simulation::StationOf(int replica) {
  return in_.layout.replicas[replica].phase == Phase::kDecode ? decode_ : entry_;
}

bool Simulation::EverFits(const Station& station, const Flight& flight) const {
  const int64_t whole = int64_t{flight.prompt} + flight.output - 1;
  if (!in_.layout.split_phases || &station == &decode_) return whole <= station.longest;
  // A pool for both phases may be there beside the two.
  return flight.context() <= station.longest &&
         (whole <= decode_.longest || whole <= both_longest_);
}

}  // namespace motley::simulator
