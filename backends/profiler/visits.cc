#include "backends/profiler/visits.h"

#include <algorithm>

namespace motley::profiler {
namespace {

constexpr double kMostSampleSeconds = 0.1, kLeastSampleSeconds = 2e-3;
constexpr int kLeastCalls = 5;  // of a point: warm-up and samples

Patience PatienceFor(size_t points_left, double left_s, const std::function<bool()>& stop) {
  const double share = std::max(0.0, left_s) / static_cast<double>(points_left);
  Patience patience;
  patience.sample_s = std::clamp(share / 3, kLeastSampleSeconds, kMostSampleSeconds);
  patience.retry_s = share;
  patience.stop = stop;
  return patience;
}

}  // namespace

// A later point may be cheaper than one that has no room.
bool VisitedSweep::Fits(size_t point, double left_s) const {
  if (!any_) return true;
  return left_s > 0 && 1e-6 * kLeastCalls * prices_.Expected(sweep_->points()[point]) <= left_s;
}

Status VisitedSweep::Visit(double seconds, const VisitWatch& watch) {
  const int64_t start = clock_.NowNs();
  for (size_t i = 0; i < timers_.size(); ++i) {
    if (watch.stop && watch.stop()) break;
    const double left = seconds - SecondsBetween(start, clock_.NowNs());
    if (!Fits(i, left)) continue;
    if (watch.progress)
      watch.progress(static_cast<double>(i) / static_cast<double>(timers_.size()));
    if (!timers_[i]) timers_[i].emplace(*sweep_, i, clock_);
    auto point = timers_[i]->More(PatienceFor(timers_.size() - i, left, watch.stop));
    if (!point.ok() && point.error().code == Code::kCancelled) break;
    if (!point.ok()) return point.error();
    if (watch.point) watch.point(*point);
    prices_.Learn(*point);
    any_ = true;
  }
  return {};
}

}  // namespace motley::profiler
