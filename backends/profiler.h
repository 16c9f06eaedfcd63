#pragma once
// How fast is a device? Sweeps over its ops, copies and launches by name, on any device through
// backend.h alone; where the device is the host's CPU also its roofs. Before an op is timed a
// sample of its cases is compared with the reference: the times of a device that computes nonsense
// are worth nothing.
//
// A point is warmed up, then timed until its samples fill its share of the budget, in three visits
// apart; its time is the median of the samples that had the cores to themselves (the kernel saw no
// wait, and at most a tenth slower than the quick ones: a guest's cores may be taken unseen). What
// is disturbed nevertheless (waited more than 5 % of the time, or quartiles more than 10 % apart)
// is measured up to three times in a visit. Cheap and telling points come first, so that a small
// budget or an interrupt leaves a profile that can be used.
//
// From the device's thread, in a process of its own: a device's driver may take it down.

#include <functional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "base/clock.h"
#include "hwprofiles/op_points.h"

namespace motley {

struct SweepInfo {
  std::string name;  // "gemm.q4_0"
  std::string text;  // one line of what it measures
};
// In the order in which they run.
std::vector<SweepInfo> ProfileSweeps();

struct ProfileOptions {
  // Sweeps by name, or by the part before a dot ("gemm", "copy"); empty: all.
  std::vector<std::string> only;
  double sweep_s = 60;  // at most, for one sweep
  double total_s = 0;   // at most, for all of them and the self-test; 0: no limit
  bool quick = false;   // two shapes instead of three, less memory
  bool self_test = true;
  int max_rows = 4096;
};
// Everything in 9 seconds, or what of it fits: a device that compiles its kernels for the first
// time leaves the rarer types out and says so.
ProfileOptions QuickProfile();

// Called on the device's thread; any may be empty.
struct ProfileSink {
  std::function<void(const OpPoint&)> point;  // again after another visit: replaces the former
  std::function<void(const SkippedSweep&)> skipped;
  // The sweep that runs, and how much of all is done, 0..1.
  std::function<void(const std::string& sweep, double part)> progress;
  // Asked between samples: true ends the run, with what was measured.
  std::function<bool()> stop;
};

// Points go to the sink as they are measured. The self-test's verdict is the result: if it is not
// ok(), the run ended there and nothing of that op was timed. A sweep that the device cannot do
// goes to `skipped` with the reason. Errors: InvalidArgument (`only` names no sweep: the nearest is
// named), else the device's own (DeviceLost, OutOfMemory); what went to the sink before stays
// valid.
Result<SelfTest> RunProfile(Device& device, const ProfileOptions& options, const ProfileSink& sink,
                            Clock& clock);

}  // namespace motley
