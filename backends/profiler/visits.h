#pragma once
// A sweep that is visited several times, in slices: what slows a machine for seconds hits one of
// its visits. On the device's thread.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "backends/profiler/sweep.h"
#include "backends/profiler/time_point.h"

namespace motley::profiler {

// What a point should take by the last one.
class Prices {
 public:
  double Expected(const OpPoint& point) const {
    return std::max(point.flops * us_per_flop_, point.bytes * us_per_byte_);
  }
  void Learn(const OpPoint& point) {
    if (point.flops > 0) us_per_flop_ = point.us / point.flops;
    us_per_byte_ = point.flops > 0 ? 0 : point.us / point.bytes;
  }

 private:
  double us_per_flop_ = 0, us_per_byte_ = 0;
};

struct VisitWatch {
  std::function<void(OpPoint&)> point;
  std::function<void(double part)> progress;  // of this visit
  std::function<bool()> stop;
};

class VisitedSweep {
 public:
  // The clock outlives it.
  VisitedSweep(std::unique_ptr<Sweep> sweep, Clock& clock)
      : sweep_(std::move(sweep)), clock_(clock), timers_(sweep_->points().size()) {}

  // Every point that was visited before, and in the first `seconds` of what is left any other.
  // At least one point the first time. Errors of the device.
  Status Visit(double seconds, const VisitWatch& watch);
  bool any() const { return any_; }

 private:
  bool Fits(size_t point, double left_s) const;

  std::unique_ptr<Sweep> sweep_;
  Clock& clock_;
  std::vector<std::optional<PointTimer>> timers_;
  Prices prices_;
  bool any_ = false;
};

}  // namespace motley::profiler
