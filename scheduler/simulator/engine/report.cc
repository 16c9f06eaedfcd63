#include <algorithm>

#include "scheduler/simulator/engine/simulation.h"

namespace motley::simulator {
namespace {

constexpr size_t kMostViolations = 20;

}  // namespace

void Simulation::Violate(const std::string& what) {
  if (violations_.size() >= kMostViolations) return;
  violations_.push_back("at " + std::to_string(now_us_ * 1e-6) + " s: " + what);
}

// What must be so however a run ends: every request is answered, on its way or waiting, once; every
// block is free or in the hands of a request.
void Simulation::CheckConservation() {
  const size_t waiting = arrived_ - taken_, flying = static_cast<size_t>(flights_.count());
  if (answered_ + flying + waiting != arrived_) {
    Violate(std::to_string(arrived_) + " requests arrived, " + std::to_string(answered_) +
            " were answered and " + std::to_string(flying + waiting) + " are here");
  }
  size_t found = entry_.flights.size() + decode_.flights.size();
  for (const auto& cohort : cohorts_) found += static_cast<size_t>(cohort->sequences());
  if (found != flying) {
    Violate(std::to_string(flying) + " requests are on their way, " + std::to_string(found) +
            " are in a queue or a cohort");
  }
  for (size_t r = 0; r < replicas_.size(); ++r) {
    const SchedulerStatus status = cohorts_[replicas_[r].cohorts[0]]->Status();
    if (replicas_[r].sequences == 0 && status.free_blocks != status.total_blocks) {
      Violate(in_.layout.replicas[r].key + " has no requests and " +
              std::to_string(status.total_blocks - status.free_blocks) + " blocks in use");
    }
  }
  if (events_.empty() && flying + waiting > 0) {
    Violate(std::to_string(flying + waiting) + " requests wait and nothing runs");
  }
}

SimulationResult Simulation::Report() {
  CheckConservation();
  const double warmup_us = in_.options.warmup_seconds * 1e6;
  for (size_t i = taken_; i < arrived_; ++i) {
    recorder_.LeftOver(in_.arrivals[i].at_s * 1e6 - origin_us_, kNever, now_us_);
  }
  SimulationResult result;
  recorder_.Report(now_us_, result);
  result.steps = steps_;
  result.events = handled_;
  result.violations = violations_;
  for (size_t d = 0; d < devices_.size(); ++d) {
    if (!in_.layout.devices[d].used) continue;
    const DeviceProfile& device = in_.machine.devices[d];
    const double busy_s = devices_[d].busy_us(warmup_us, now_us_) * 1e-6;
    double down_us = devices_[d].down_us;
    if (devices_[d].down) down_us += now_us_ - devices_[d].down_since_us;
    const double on_s = std::max(0.0, result.seconds - down_us * 1e-6);
    result.utilisation[device.id] = result.seconds > 0 ? busy_s / result.seconds : 0;
    result.energy_j += device.idle_w * on_s + (device.busy_w - device.idle_w) * busy_s;
  }
  return result;
}

}  // namespace motley::simulator
