#include "scheduler/simulator/engine/devices.h"

#include <algorithm>

namespace motley::simulator {

const std::vector<Step>& SimDevice::Start(const std::vector<std::unique_ptr<Cohort>>& cohorts,
                                          double now_us) {
  since_us_ = now_us;
  size_t sequences = 0;
  std::erase_if(waiting_, [&](const Step& step) {
    if (Void(cohorts, step)) return true;
    const size_t added = cohorts[step.cohort]->batch().sequences.size();
    const bool fits = merges_ && sequences + added <= static_cast<size_t>(micro_batch_);
    if (!running_.empty() && !fits) return false;
    running_.push_back(step);
    sequences += added;
    return true;
  });
  return running_;
}

std::vector<Step> SimDevice::Finish(double now_us) {
  busy_us_ += Counted(now_us);
  std::vector<Step> done;
  done.swap(running_);
  return done;
}

void SimDevice::Lose(double now_us) {
  if (!running_.empty()) busy_us_ += Counted(now_us);
  running_.clear();
  waiting_.clear();
  ++generation;
  down = true;
  down_since_us = now_us;
}

double SimDevice::busy_us(double warmup_us, double end_us) const {
  return busy_us_ + (running_.empty() || end_us <= warmup_us ? 0 : Counted(end_us));
}

}  // namespace motley::simulator
