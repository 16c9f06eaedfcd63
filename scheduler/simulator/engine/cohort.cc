#include "scheduler/simulator/engine/cohort.h"

namespace motley::simulator {

Cohort::Cohort(int replica, const SchedulerLimits& limits, std::shared_ptr<BlockLedger> blocks)
    : replica_(replica), limits_(limits), scheduler_(MakeScheduler(limits, std::move(blocks))) {}

int Cohort::MissingBlocks() const {
  const SchedulerStatus status = scheduler_->Status();
  return status.free_blocks - status.unclaimed_blocks + incoming_blocks;
}

bool Cohort::Submit(int flight, Request request) {
  const auto number = scheduler_->Submit(std::move(request));
  if (!number.ok()) return false;
  flights_.resize(*number - first_ + 1, -1);
  flights_.back() = flight;
  ++sequences_;
  return true;
}

StepShape Cohort::Measure(Flights& flights) const {
  StepShape shape;
  size_t row = 0;
  for (size_t s = 0; s < batch_->sequences.size(); ++s) {
    const double past = batch_->rows[row].position;
    const size_t begin = row;
    while (row < batch_->rows.size() && batch_->rows[row].sequence == static_cast<int>(s)) ++row;
    const auto rows = static_cast<double>(row - begin);
    const Flight& flight = flights[FlightOf(batch_->sequences[s].request)];
    if (rows == 1 && past >= flight.prompt) {
      shape.decode_rows += 1;
      shape.decode_context += past + 1;
    } else {
      shape.prefill_rows += rows;
      shape.prefill_pairs += rows * past + rows * (rows + 1) / 2;
    }
  }
  shape.logit_rows = static_cast<double>(batch_->outputs.size());
  return shape;
}

bool Cohort::Form(Flights& flights) {
  batch_ = scheduler_->NextBatch();
  if (!batch_) return false;
  shape_ = Measure(flights);
  stage = 0;
  return true;
}

std::vector<RequestUpdate> Cohort::Finish() {
  std::get<Done>(outcome_).outputs.resize(batch_->outputs.size());
  auto updates = scheduler_->Apply(*batch_, outcome_);
  batch_.reset();
  return updates;
}

std::vector<RequestUpdate> Cohort::Lose(const DeviceLost& lost) {
  ++generation;
  auto updates = batch_ ? scheduler_->Apply(*batch_, lost) : scheduler_->Lose(lost);
  batch_.reset();
  return updates;
}

std::vector<int> Cohort::Drain() {
  std::vector<int> left;
  for (size_t i = 0; i < flights_.size(); ++i) {
    if (flights_[i] < 0) continue;
    scheduler_->Cancel(first_ + i);
    left.push_back(flights_[i]);
  }
  first_ += flights_.size();
  flights_.clear();
  sequences_ = 0;
  return left;
}

void Cohort::Forget(uint64_t request) {
  flights_[request - first_] = -1;
  --sequences_;
  while (!flights_.empty() && flights_.front() < 0) {
    flights_.pop_front();
    ++first_;
  }
}

}  // namespace motley::simulator
