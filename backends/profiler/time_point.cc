#include "backends/profiler/time_point.h"

#include <algorithm>
#include <cmath>

#include "backends/profiler/fit.h"
#include "base/contention.h"

namespace motley::profiler {
namespace {

constexpr int kMinSamples = 5, kMaxSamples = 60, kFewSamples = 3;
constexpr double kMostCalls = 20'000;

struct Sample {
  double us = 0;  // of one call
  double seconds = 0, waited_s = 0;
  bool disturbed() const { return waited_s > kDisturbedWait * seconds; }
};

// Where enough samples had their cores to themselves the others are forgotten.
class Samples {
 public:
  void Add(const Sample& sample) {
    all_.push_back(sample);
    seconds_ += sample.seconds;
    if (sample.disturbed()) return;
    quiet_.push_back(sample);
    quiet_seconds_ += sample.seconds;
  }

  // `wanted` seconds of quiet, a few samples if it is rarely quiet, and at last what there is. Dear
  // points do with a few.
  bool Enough(double wanted) const {
    constexpr double kPatient = 3, kMostPatient = 8;
    const auto quiet = static_cast<int>(quiet_.size()), all = static_cast<int>(all_.size());
    if (all >= kMaxSamples) return true;
    if (seconds_ > kMostPatient * wanted) return all >= kFewSamples;
    if (seconds_ > kPatient * wanted) return quiet >= kFewSamples;
    return quiet_seconds_ >= wanted && quiet >= kMinSamples;
  }

  bool empty() const { return all_.empty(); }

  OpPoint Summary(OpPoint point) const {
    const auto& used = static_cast<int>(quiet_.size()) >= kFewSamples ? quiet_ : all_;
    std::vector<double> us;
    double seconds = 0, waited = 0;
    for (const Sample& s : used) us.push_back(s.us), seconds += s.seconds, waited += s.waited_s;
    point.us = std::max(Quantile(us, 0.5), 1e-3);
    point.spread = (Quantile(us, 0.75) - Quantile(us, 0.25)) / point.us;
    point.waited = waited / std::max(seconds, 1e-9);
    point.samples = static_cast<int>(us.size());
    return point;
  }

 private:
  std::vector<Sample> all_, quiet_;
  double seconds_ = 0, quiet_seconds_ = 0;
};

class Stopwatch {
 public:
  Stopwatch(Sweep& sweep, size_t index, const Patience& patience, Clock& clock)
      : sweep_(sweep), index_(index), patience_(patience), clock_(clock) {}

  Result<Samples> Take() {
    Samples out;
    const Sample once = TRY(Measure(1));
    const double wanted = sweep_.LeastSampleSeconds() / std::max(once.seconds, 1e-7);
    const int calls = static_cast<int>(std::clamp(std::ceil(wanted), 1.0, kMostCalls));
    if (calls == 1) out.Add(once);
    while (!out.Enough(patience_.sample_s)) {
      if (patience_.stop && patience_.stop()) break;
      out.Add(TRY(Measure(calls)));
    }
    return out;
  }

 private:
  Result<Sample> Measure(int calls) {
    const int64_t waited = WaitedForCoresNs(), start = clock_.NowNs();
    TRY(sweep_.Run(index_, calls));
    Sample sample;
    sample.seconds = SecondsBetween(start, clock_.NowNs());
    sample.us = sample.seconds * 1e6 / calls;
    sample.waited_s = std::max(0.0, static_cast<double>(WaitedForCoresNs() - waited) * 1e-9);
    return sample;
  }

  Sweep& sweep_;
  const size_t index_;
  const Patience& patience_;
  Clock& clock_;
};

struct Attempt {
  OpPoint point;
  bool believable = false;
  double seconds = 0;
};

Result<Attempt> Try(Sweep& sweep, size_t index, const Patience& patience, Clock& clock) {
  const int64_t start = clock.NowNs();
  Stopwatch stopwatch(sweep, index, patience, clock);
  const Samples samples = TRY(stopwatch.Take());
  if (samples.empty()) return Error{Code::kCancelled, "stopped"};
  Attempt out;
  out.point = samples.Summary(sweep.points()[index]);
  const Status judged = sweep.Judge(&out.point);
  if (!judged.ok()) out.point.note = judged.error().message;
  out.believable = judged.ok() && !Disturbed(out.point);
  out.seconds = SecondsBetween(start, clock.NowNs());
  return out;
}

}  // namespace

Result<OpPoint> TimePoint(Sweep& sweep, size_t index, const Patience& patience, Clock& clock) {
  TRY(sweep.Prepare(index));
  TRY(sweep.Run(index, 1));
  std::optional<Attempt> best;
  double retried_s = 0;
  int attempts = 0;
  while (attempts < patience.attempts) {
    if (best && (retried_s + best->seconds > patience.retry_s)) break;
    if (best && patience.stop && patience.stop()) break;
    Attempt now = TRY(Try(sweep, index, patience, clock));
    ++attempts;
    if (best) retried_s += now.seconds;
    if (!best || now.believable || now.point.us < best->point.us) best = std::move(now);
    if (best->believable) break;
  }
  best->point.attempts = attempts;
  return best->point;
}

}  // namespace motley::profiler
