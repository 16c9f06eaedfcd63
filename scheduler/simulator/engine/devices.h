#pragma once
// Devices that run one step at a time, in order of arrival, and the links between them. Owned by
// the simulation.

#include <deque>
#include <vector>

#include "scheduler/simulator/engine/cohort.h"
#include "scheduler/simulator/engine/layout.h"

namespace motley::simulator {

// A cohort's batch at one of its stages; void when the cohort's generation is another.
struct Step {
  int cohort = 0;
  uint64_t generation = 0;
};

class SimDevice {
 public:
  SimDevice(bool merges, int micro_batch) : merges_(merges), micro_batch_(micro_batch) {}

  void Wait(const Step& step) { waiting_.push_back(step); }
  bool CanStart() const { return !down && running_.empty() && !waiting_.empty(); }
  // Takes what runs next: the step that waits longest and, where replicas share the device, all
  // behind it that fit beside it into micro_batch sequences. Empty: what waited was void.
  const std::vector<Step>& Start(const std::vector<std::unique_ptr<Cohort>>& cohorts,
                                 double now_us);
  std::vector<Step> Finish(double now_us);
  void Lose(double now_us);

  bool down = false;
  uint64_t generation = 1;  // grows when the device is lost
  // From warmup_us on.
  double busy_us(double warmup_us, double end_us) const;
  void CountFrom(double us) { count_from_us_ = us; }
  double down_us = 0, down_since_us = 0;

 private:
  static bool Void(const std::vector<std::unique_ptr<Cohort>>& cohorts, const Step& step) {
    return cohorts[step.cohort]->generation != step.generation;
  }
  double Counted(double until_us) const {
    return std::max(0.0, until_us - std::max(since_us_, count_from_us_));
  }

  const bool merges_;
  const int micro_batch_;
  std::deque<Step> waiting_;
  std::vector<Step> running_;
  double since_us_ = 0, busy_us_ = 0, count_from_us_ = 0;
};

}  // namespace motley::simulator
