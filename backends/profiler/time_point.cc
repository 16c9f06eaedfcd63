#include "backends/profiler/time_point.h"

#include <algorithm>
#include <cmath>

#include "backends/profiler/fit.h"
#include "base/contention.h"

namespace motley::profiler {
namespace {

constexpr int kMinSamples = 5, kMaxSamples = 60, kFewSamples = 3;
constexpr double kMostCalls = 20'000;
// A core may be taken from a guest without its kernel knowing, for milliseconds at a time: samples
// slower than the quick ones by more are not of this device alone.
constexpr double kQuickPart = 0.1, kMostSlower = 1.1;
constexpr double kMostSlowdown = 1.1;  // of the core's own pace, which is steadier than any op

std::vector<double> QuickestFew(std::vector<double> us) {
  std::ranges::sort(us);
  us.resize(std::min<size_t>(us.size(), kFewSamples));
  return us;
}

constexpr double kMostSampleSeconds = 0.1, kLeastSampleSeconds = 2e-3;
constexpr int kLeastCalls = 5;  // of a point: warm-up and samples

Patience PatienceFor(size_t points_left, double left_s, const VisitWatch& watch) {
  const double share = std::max(0.0, left_s) / static_cast<double>(points_left);
  Patience patience;
  patience.sample_s = std::clamp(share / 3, kLeastSampleSeconds, kMostSampleSeconds);
  patience.retry_s = share;
  patience.stop = watch.stop;
  patience.slowdown = watch.slowdown;
  return patience;
}

}  // namespace

void Samples::Add(const Sample& sample) {
  all_.push_back(sample);
  const bool waited = sample.waited_s > kDisturbedWait * sample.seconds;
  if (!waited && sample.slowdown <= kMostSlowdown) quiet_.push_back(sample);
}

const std::vector<Sample>& Samples::Usable() const {
  return static_cast<int>(quiet_.size()) >= kFewSamples ? quiet_ : all_;
}

std::vector<double> Samples::Believed() const {
  std::vector<double> us, believed;
  for (const Sample& s : Usable()) us.push_back(s.us);
  const double most = kMostSlower * Quantile(us, kQuickPart);
  for (const double u : us) {
    if (u <= most) believed.push_back(u);
  }
  return static_cast<int>(believed.size()) >= kFewSamples ? believed : QuickestFew(us);
}

OpPoint Samples::Summary(OpPoint point) const {
  const std::vector<double> us = Believed();
  double seconds = 0, waited = 0;
  for (const Sample& s : Usable()) seconds += s.seconds, waited += s.waited_s;
  point.us = std::max(Quantile(us, 0.5), 1e-3);
  point.spread = (Quantile(us, 0.75) - Quantile(us, 0.25)) / point.us;
  point.waited = waited / std::max(seconds, 1e-9);
  point.samples = static_cast<int>(us.size());
  point.left_out = static_cast<int>(all_.size() - us.size());
  return point;
}

// `wanted` seconds with enough samples to believe, a few if it is rarely quiet, and at last what
// there is. Dear points do with a few.
bool PointTimer::Enough(double wanted, double taken_s, int taken) const {
  constexpr double kPatient = 3, kMostPatient = 8;
  if (taken >= kMaxSamples) return true;
  if (taken_s > kMostPatient * wanted) return samples_.count() >= kFewSamples;
  if (samples_.quiet() < kFewSamples) return false;
  const auto believed = static_cast<int>(samples_.Believed().size());
  if (taken_s > kPatient * wanted) return believed >= kFewSamples;
  return taken_s >= wanted && believed >= kMinSamples;
}

// Of the wait what others can have caused: a device's threads may wait for each other.
double PointTimer::TakenByOthers(double waited_s) {
  if (waited_s <= 0) return 0;
  const double used = static_cast<double>(OthersUsedCoresNs() - others_ns_) * 1e-9;
  const double taken = std::clamp(used - taken_s_, 0.0, waited_s);
  taken_s_ += taken;
  return taken;
}

Result<Sample> PointTimer::Measure(int calls, const Patience& patience) {
  Sample sample;
  if (patience.slowdown) sample.slowdown = patience.slowdown();
  const int64_t waited = WaitedForCoresNs(), start = clock_.NowNs();
  TRY(sweep_.Run(index_, calls));
  sample.seconds = SecondsBetween(start, clock_.NowNs());
  sample.us = sample.seconds * 1e6 / calls;
  if (patience.slowdown) sample.slowdown = std::max(sample.slowdown, patience.slowdown());
  sample.waited_s = TakenByOthers(static_cast<double>(WaitedForCoresNs() - waited) * 1e-9);
  return sample;
}

Status PointTimer::Take(const Patience& patience) {
  others_ns_ = OthersUsedCoresNs();
  taken_s_ = 0;
  const int64_t start = clock_.NowNs();
  const Sample once = TRY(Measure(1, patience));
  const double wanted = sweep_.LeastSampleSeconds() / std::max(once.seconds, 1e-7);
  const int calls = static_cast<int>(std::clamp(std::ceil(wanted), 1.0, kMostCalls));
  if (calls == 1) samples_.Add(once);
  int taken = calls == 1;
  while (!Enough(patience.sample_s, SecondsBetween(start, clock_.NowNs()), taken)) {
    if (patience.stop && patience.stop()) break;
    samples_.Add(TRY(Measure(calls, patience)));
    ++taken;
  }
  return {};
}

// What cannot be true is forgotten before it is measured again.
Result<bool> PointTimer::Attempt(const Patience& patience) {
  TRY(Take(patience));
  if (samples_.count() == 0) return Error{Code::kCancelled, "stopped"};
  OpPoint point = samples_.Summary(sweep_.points()[index_]);
  const Status judged = sweep_.Judge(&point);
  if (!judged.ok()) {
    point.note = judged.error().message;
    samples_ = Samples();
  }
  point.attempts = ++attempts_;
  const bool better =
      judged.ok() || attempts_ == 1 || (!point_.believable && point.us < point_.point.us);
  if (better) point_ = {point, judged.ok()};
  return judged.ok() && !Disturbed(point) && samples_.quiet() >= kFewSamples;
}

Result<OpPoint> PointTimer::More(const Patience& patience) {
  TRY(sweep_.Prepare(index_));
  TRY(sweep_.Run(index_, 1));
  const int64_t start = clock_.NowNs();
  for (int attempt = 1;; ++attempt) {
    const int64_t began = clock_.NowNs();
    const bool good = TRY(Attempt(patience));
    const int64_t now = clock_.NowNs();
    const bool late = SecondsBetween(start, now) + SecondsBetween(began, now) > patience.retry_s;
    if (good || late || attempt >= patience.attempts) break;
    if (patience.stop && patience.stop()) break;
  }
  point_.point.attempts = attempts_;
  return point_.point;
}

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
    auto point = timers_[i]->More(PatienceFor(timers_.size() - i, left, watch));
    if (!point.ok() && point.error().code == Code::kCancelled) break;
    if (!point.ok()) return point.error();
    if (watch.point) watch.point(*point);
    prices_.Learn(*point);
    any_ = true;
  }
  return {};
}

}  // namespace motley::profiler
