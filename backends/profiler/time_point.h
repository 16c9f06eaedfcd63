#pragma once
// The time of one point: warm-up, samples, and whether they can be believed; and of a sweep's
// points in visits, so that what slows a machine for seconds hits one of them. On the device's
// thread.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "backends/profiler/sweep.h"
#include "base/clock.h"

namespace motley::profiler {

struct Sample {
  double us = 0;  // of one call
  double seconds = 0, waited_s = 0;
  double slowdown = 1;  // of the core, before or after it
};

// Of one point, from one visit or several.
class Samples {
 public:
  void Add(const Sample& sample);
  int count() const { return static_cast<int>(all_.size()); }
  int quiet() const { return static_cast<int>(quiet_.size()); }
  // Microseconds of those that had their cores to themselves: the kernel saw no wait, the core ran
  // at its pace, and they are at most a tenth slower than the quick ones. At least three where
  // there are three.
  std::vector<double> Believed() const;
  // The point with median and spread of these.
  OpPoint Summary(OpPoint point) const;

 private:
  const std::vector<Sample>& Usable() const;
  std::vector<Sample> all_, quiet_;
};

struct Patience {
  double sample_s = 0.25;  // of samples, for one attempt
  double retry_s = 0;      // all attempts may take so long together
  int attempts = 3;
  std::function<bool()> stop;  // may be empty
  // CorePace's, where the device computes on the host's cores; else empty.
  std::function<double()> slowdown;
};

// One point, which may be visited again later: what slows a machine for seconds is then seen.
class PointTimer {
 public:
  // All outlive it.
  PointTimer(Sweep& sweep, size_t index, Clock& clock)
      : sweep_(sweep), index_(index), clock_(clock) {}

  // The point from all samples so far, further ones included. Disturbed ones are sampled again
  // while there is time; times that cannot be true are forgotten. Cancelled if stopped before there
  // was one sample; errors of the device.
  Result<OpPoint> More(const Patience& patience);

 private:
  struct Judged {
    OpPoint point;
    bool believable = false;
  };
  bool Enough(double wanted, double taken_s, int taken) const;
  double TakenByOthers(double waited_s);
  Result<Sample> Measure(int calls, const Patience& patience);
  Status Take(const Patience& patience);
  Result<bool> Attempt(const Patience& patience);

  Sweep& sweep_;
  const size_t index_;
  Clock& clock_;
  Samples samples_;
  Judged point_;
  int attempts_ = 0;
  int64_t others_ns_ = 0;  // cores that others had used before this attempt
  double taken_s_ = 0;     // of it by samples of this attempt
};

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
  std::function<double()> slowdown;  // as Patience's
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
