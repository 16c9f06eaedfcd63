#include "backends/profiler.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <span>

#include "backends/profiler/self_test.h"
#include "backends/profiler/time_point.h"
#include "base/contention.h"

namespace motley {
namespace {

using profiler::Context;
using profiler::SweepEntry;
using profiler::VisitedSweep;

// Start and end of a process and a kernel that is compiled at the last moment come on top.
constexpr double kQuickSeconds = 9, kQuickSweepSeconds = 2, kSelfTestPart = 0.1,
                 kSelfTestSeconds = 2;
constexpr uint64_t kMemoryLimit = uint64_t{1} << 30;
constexpr uint64_t kOpenSweeps = 8;  // of those that need much
// A device compiles its kernels in the first visit.
constexpr double kVisits[] = {0.5, 0.25, 0.25};
constexpr const char* kNoTime = "no time was left for it";

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

class Run {
 public:
  Run(Device& device, const ProfileOptions& options, const ProfileSink& sink, Clock& clock)
      : device_(device),
        options_(options),
        sink_(sink),
        clock_(clock),
        start_(clock.NowNs()),
        context_{device, options_, MemoryOf(device.info(), options_), CpusOf(device.info())} {}

  Result<SelfTest> All() {
    const auto sweeps = TRY(profiler::ChooseSweeps(options_.only));
    profiler::SelfTester tester(device_, sweeps, clock_);
    for (const SweepEntry& entry : sweeps) shares_left_ += entry.share;
    shares_ = shares_left_;
    if (options_.total_s > 0) {
      TRY(Group(sweeps, tester));
    } else {
      for (const SweepEntry& entry : sweeps) TRY(Group({&entry, 1}, tester));
    }
    Progress("done", 1);
    return tester.verdict();
  }

 private:
  struct Slice {
    const SweepEntry& entry;
    double part;      // of all visits of the sweep
    double seconds;   // of this visit
    double progress;  // of the run, before it
  };

  double Elapsed() const { return SecondsBetween(start_, clock_.NowNs()); }
  bool Late() const { return options_.total_s > 0 && Elapsed() > options_.total_s; }
  bool Interrupted() const { return sink_.stop && sink_.stop(); }
  bool Stopped() const { return Late() || Interrupted(); }
  void Progress(const std::string& what, double part) const {
    if (sink_.progress) sink_.progress(what, part);
  }
  void Skip(const SweepEntry& entry, const std::string& reason) const {
    if (sink_.skipped) sink_.skipped({entry.info.name, reason});
  }

  // What a visit leaves goes to those after it.
  double SecondsFor(const SweepEntry& entry, double part) const {
    if (options_.total_s <= 0) return options_.sweep_s * part;
    const double left = std::max(0.0, options_.total_s - Elapsed());
    return std::min(options_.sweep_s * part, left * entry.share * part / shares_left_);
  }

  // All of them are visited, then all again: as far apart as the group is long.
  Status Group(std::span<const SweepEntry> entries, profiler::SelfTester& tester) {
    std::vector<std::optional<VisitedSweep>> open(entries.size());
    for (const double part : kVisits) {
      for (size_t i = 0; i < entries.size(); ++i) {
        if (Interrupted() || !tester.verdict().ok()) return {};
        const Slice slice{entries[i], part, SecondsFor(entries[i], part),
                          1 - shares_left_ / shares_};
        const bool first = part == kVisits[0];
        if (first || open[i]) TRY(Visit(slice, first, open[i], tester));
        shares_left_ -= entries[i].share * part;
      }
    }
    return {};
  }

  Status Visit(const Slice& slice, bool first, std::optional<VisitedSweep>& sweep,
               profiler::SelfTester& tester) {
    const SweepEntry& entry = slice.entry;
    const int64_t start = clock_.NowNs();
    Progress(entry.info.name, slice.progress);
    if (first) TRY(Open(slice, sweep, tester));
    if (!sweep || !tester.verdict().ok()) return {};
    profiler::VisitWatch watch;
    watch.point = [&](OpPoint& point) {
      point.sweep = entry.info.name;
      if (sink_.point) sink_.point(point);
    };
    watch.progress = [&](double part) {
      Progress(entry.info.name, slice.progress + part * slice.part * entry.share / shares_);
    };
    watch.stop = [this] { return Stopped(); };
    if (device_.info().kind == "cpu") watch.slowdown = [this] { return pace_.Slowdown(); };
    TRY(sweep->Visit(slice.seconds - SecondsBetween(start, clock_.NowNs()), watch));
    if (!sweep->any() && Late()) Skip(entry, kNoTime);
    return {};
  }

  Status Open(const Slice& slice, std::optional<VisitedSweep>& sweep,
              profiler::SelfTester& tester) {
    if (Late()) {
      Skip(slice.entry, kNoTime);
      return {};
    }
    if (options_.self_test) {
      const double seconds = std::min(kSelfTestSeconds, slice.seconds * kSelfTestPart);
      TRY(tester.Try(slice.entry, seconds, [this] { return Stopped(); }));
      if (!tester.verdict().ok() || Interrupted()) return {};
    }
    if (Late()) {  // maybe not all of its ops were tested
      Skip(slice.entry, kNoTime);
      return {};
    }
    auto made = slice.entry.make(context_);
    if (made.ok()) {
      sweep.emplace(made.ReleaseValue(), clock_);
      return {};
    }
    if (made.error().code != Code::kUnsupported) return made.error();
    Skip(slice.entry, made.error().message);
    return {};
  }

  // Bytes that one sweep may take: all that a short run opens stay open.
  static uint64_t MemoryOf(const DeviceInfo& info, const ProfileOptions& options) {
    const uint64_t all = std::min(kMemoryLimit, info.free_bytes / 4);
    return options.total_s > 0 ? all / kOpenSweeps : all;
  }

  Device& device_;
  const ProfileOptions options_;
  const ProfileSink& sink_;
  Clock& clock_;
  const int64_t start_;
  const Context context_;
  double shares_ = 0, shares_left_ = 0;
  CorePace pace_;
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
