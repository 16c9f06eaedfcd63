#include "scheduler/cost_model/drift.h"

#include <algorithm>
#include <cmath>

namespace motley {
namespace {

constexpr double kSlack = 0.05, kBound = 0.5, kMostOfOneStep = 0.25;
constexpr uint64_t kLearningSteps = 50;

}  // namespace

bool DriftAlarm::Sum::Add(double log) {
  excess = std::max(0.0, excess + log - kSlack);
  if (excess == 0) {
    *this = {};
    return false;
  }
  logs += log;
  ++steps;
  return excess > kBound;
}

std::optional<double> DriftAlarm::Add(double measured_us, double predicted_us) {
  if (!(measured_us > 0) || !(predicted_us > 0)) return std::nullopt;
  if (++steps_ <= kLearningSteps) return std::nullopt;
  const double log =
      std::clamp(std::log(measured_us / predicted_us), -kMostOfOneStep, kMostOfOneStep);
  const bool slower = slower_.Add(log), faster = faster_.Add(-log);
  if (!slower && !faster) return std::nullopt;
  const Sum& sum = slower ? slower_ : faster_;
  const double mean = std::exp((slower ? 1 : -1) * sum.logs / sum.steps);
  slower_ = faster_ = {};
  ++alarms_;
  return mean;
}

}  // namespace motley
