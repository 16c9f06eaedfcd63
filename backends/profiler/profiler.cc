#include "backends/profiler.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "backends/profiler/self_test.h"
#include "backends/profiler/time_point.h"

namespace motley {
namespace {

using profiler::Context;
using profiler::Patience;
using profiler::PointTimer;
using profiler::Sweep;
using profiler::SweepEntry;

// Start and end of a process and a kernel that is compiled at the last moment come on top.
constexpr double kQuickSeconds = 9, kQuickSweepSeconds = 2, kSelfTestPart = 0.1,
                 kSelfTestSeconds = 2;
constexpr uint64_t kMemoryLimit = uint64_t{1} << 30;
constexpr double kMostSampleSeconds = 0.1, kLeastSampleSeconds = 2e-3;
constexpr int kVisits = 3;
constexpr int kLeastCalls = 5;  // of a point: warm-up and samples

// The numbers in "0-3,8".
std::vector<int> CpuNumbers(std::istream& list) {
  std::vector<int> out;
  int first = 0;
  char sign = 0;
  while (list >> first) {
    int last = first;
    if (list.get(sign) && sign == '-') list >> last, list.get(sign);
    for (int cpu = first; cpu <= last && cpu < CPU_SETSIZE; ++cpu) out.push_back(cpu);
  }
  return out;
}

// Taken before the device pins this thread to one of them.
std::vector<int> CpusOf(const DeviceInfo& info) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  std::ifstream list("/sys/devices/system/node/node" + std::to_string(info.numa_node) + "/cpulist");
  std::vector<int> cpus = CpuNumbers(list);
  if (cpus.empty()) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) cpus.push_back(cpu);
  }
  std::erase_if(cpus, [&](int cpu) { return !CPU_ISSET(cpu, &allowed); });
  return cpus;
}

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

class Run {
 public:
  Run(Device& device, const ProfileOptions& options, const ProfileSink& sink, Clock& clock)
      : device_(device),
        options_(options),
        sink_(sink),
        clock_(clock),
        start_(clock.NowNs()),
        context_{device, options_, std::min(kMemoryLimit, device.info().free_bytes / 4),
                 CpusOf(device.info())} {}

  Result<SelfTest> All() {
    const auto sweeps = TRY(profiler::ChooseSweeps(options_.only));
    profiler::SelfTester tester(device_, sweeps, clock_);
    for (const SweepEntry& entry : sweeps) shares_left_ += entry.share;
    shares_ = shares_left_;
    for (const SweepEntry& entry : sweeps) {
      if (Interrupted()) break;
      Progress(entry.info.name, 1 - shares_left_ / shares_);
      TRY(One(entry, tester));
      if (!tester.verdict().ok()) break;
      shares_left_ -= entry.share;
    }
    Progress("done", 1);
    return tester.verdict();
  }

 private:
  double Elapsed() const { return SecondsBetween(start_, clock_.NowNs()); }
  bool Late() const { return options_.total_s > 0 && Elapsed() > options_.total_s; }
  bool Interrupted() const { return sink_.stop && sink_.stop(); }
  bool Stopped() const { return Late() || Interrupted(); }
  void Progress(const std::string& what, double part) const {
    if (sink_.progress) sink_.progress(what, part);
  }

  // What a sweep leaves goes to those after it.
  double BudgetOf(const SweepEntry& entry) const {
    if (options_.total_s <= 0) return options_.sweep_s;
    const double left = std::max(0.0, options_.total_s - Elapsed());
    return std::min(options_.sweep_s, left * entry.share / shares_left_);
  }

  Status One(const SweepEntry& entry, profiler::SelfTester& tester) {
    if (Late()) {
      SkipForTime(entry);
      return {};
    }
    const double budget = BudgetOf(entry);
    const int64_t start = clock_.NowNs();
    if (options_.self_test) {
      const double seconds = std::min(kSelfTestSeconds, budget * kSelfTestPart);
      TRY(tester.Try(entry, seconds, [this] { return Stopped(); }));
      if (!tester.verdict().ok()) return {};
    }
    const auto sweep = entry.make(context_);
    if (sweep.ok()) return Points(entry, **sweep, start, budget);
    if (sweep.error().code != Code::kUnsupported) return sweep.error();
    if (sink_.skipped) sink_.skipped({entry.info.name, sweep.error().message});
    return {};
  }

  // `budget` seconds from `start`. All points are visited several times: what slows the machine for
  // seconds hits one visit.
  Status Points(const SweepEntry& entry, Sweep& sweep, int64_t start, double budget) {
    std::vector<std::optional<PointTimer>> timers(sweep.points().size());
    Prices prices;
    bool any = false;
    for (int visit = 0; visit < kVisits; ++visit) {
      const double until = budget * (visit + 1) / kVisits;
      for (size_t i = 0; i < timers.size() && !Stopped(); ++i) {
        const double spent = SecondsBetween(start, clock_.NowNs());
        const double wanted_s = 1e-6 * kLeastCalls * prices.Expected(sweep.points()[i]);
        // A later point may be cheaper than one that has no room.
        if (any && (spent >= budget || spent + wanted_s > budget)) continue;
        if (visit > 0 && (!timers[i] || spent >= until)) continue;
        if (!timers[i]) timers[i].emplace(sweep, i, clock_);
        const double part = (visit + static_cast<double>(i) / timers.size()) / kVisits;
        Progress(entry.info.name, 1 - (shares_left_ - entry.share * part) / shares_);
        auto point = timers[i]->More(PatienceFor(timers.size() - i, until - spent));
        if (!point.ok() && point.error().code == Code::kCancelled) break;
        if (!point.ok()) return point.error();
        Keep(entry, *point);
        prices.Learn(*point);
        any = true;
      }
    }
    if (!any && Late()) SkipForTime(entry);
    return {};
  }

  void SkipForTime(const SweepEntry& entry) const {
    if (sink_.skipped) sink_.skipped({entry.info.name, "no time was left for it"});
  }

  Patience PatienceFor(size_t points_left, double left_s) const {
    const double share = std::max(0.0, left_s) / static_cast<double>(points_left);
    Patience patience;
    patience.sample_s = std::clamp(share / 3, kLeastSampleSeconds, kMostSampleSeconds);
    patience.retry_s = share;
    patience.stop = [this] { return Stopped(); };
    return patience;
  }

  void Keep(const SweepEntry& entry, OpPoint& point) const {
    point.sweep = entry.info.name;
    if (sink_.point) sink_.point(point);
  }

  Device& device_;
  const ProfileOptions options_;
  const ProfileSink& sink_;
  Clock& clock_;
  const int64_t start_;
  const Context context_;
  double shares_ = 0, shares_left_ = 0;
};

// Common letters at the start: enough to tell which of a family was meant.
size_t Alike(const std::string& a, const std::string& b) {
  const auto differ = std::ranges::mismatch(a, b);
  return static_cast<size_t>(differ.in1 - a.begin());
}

}  // namespace

namespace profiler {

std::vector<SweepEntry> AllSweeps() {
  std::vector<SweepEntry> all;
  AddTransferSweeps(all);
  AddRoofSweeps(all);
  AddMatrixSweeps(all);
  AddAttentionSweeps(all);
  AddSmallSweep(all);
  AddRarerMatrixSweeps(all);
  return all;
}

Result<std::vector<SweepEntry>> ChooseSweeps(const std::vector<std::string>& only) {
  std::vector<SweepEntry> all = AllSweeps(), chosen;
  const auto names = [](const std::string& wanted, const SweepEntry& entry) {
    const std::string& name = entry.info.name;
    return wanted == name || name.starts_with(wanted + ".");
  };
  for (const std::string& wanted : only) {
    if (std::ranges::any_of(all, [&](const auto& entry) { return names(wanted, entry); })) continue;
    const auto nearest = std::ranges::max_element(
        all, {}, [&](const auto& entry) { return Alike(wanted, entry.info.name); });
    return Error::Invalid("only", "there is no sweep \"" + wanted + "\"; did you mean " +
                                      nearest->info.name + "?")
        .Fix("motley profile --list names them");
  }
  for (SweepEntry& entry : all) {
    const bool wanted = std::ranges::any_of(only, [&](const auto& w) { return names(w, entry); });
    if (only.empty() || wanted) chosen.push_back(std::move(entry));
  }
  return chosen;
}

}  // namespace profiler

std::vector<SweepInfo> ProfileSweeps() {
  std::vector<SweepInfo> out;
  for (const SweepEntry& entry : profiler::AllSweeps()) out.push_back(entry.info);
  return out;
}

ProfileOptions QuickProfile() {
  ProfileOptions options;
  options.total_s = kQuickSeconds;
  options.sweep_s = kQuickSweepSeconds;
  options.quick = true;
  options.max_rows = 512;
  return options;
}

Result<SelfTest> RunProfile(Device& device, const ProfileOptions& options, const ProfileSink& sink,
                            Clock& clock) {
  return Run(device, options, sink, clock).All();
}

}  // namespace motley
