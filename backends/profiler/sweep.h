#pragma once
// A named sweep: points in the order of what they tell, each a call that can be repeated. Owned by
// the profiler; on the device's thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/profiler.h"

namespace motley::profiler {

// What sweeps of one run share.
struct Context {
  Device& device;
  const ProfileOptions& options;
  // Bytes that operands of one sweep may take.
  uint64_t memory_limit = 0;
  // The host's CPUs next to the device that this process may use.
  std::vector<int> cpus;
};

class Sweep {
 public:
  virtual ~Sweep() = default;
  // Without their times. Never empty.
  virtual const std::vector<OpPoint>& points() const = 0;
  // What has to be there before the point can run; not timed.
  virtual Status Prepare(size_t point) = 0;
  // `calls` calls, done when it returns.
  virtual Status Run(size_t point, int calls) = 0;
  // Shortest sample worth timing.
  virtual double LeastSampleSeconds() const { return 500e-6; }
  // Whether the time can be true, after it was measured: Unavailable says why not, and it is
  // measured again. May leave a note on the point.
  virtual Status Judge(OpPoint*) { return {}; }
};

struct SweepEntry {
  SweepInfo info;
  double share = 1;  // of a total budget
  // Ops, "mul_mat", and type, "Q4_0", that the self-test has to try; empty type: all.
  std::vector<std::string> ops;
  std::string type;
  // Unsupported: the device cannot do any of it.
  std::function<Result<std::unique_ptr<Sweep>>(const Context&)> make;
};

// Each file adds its own.
void AddRoofSweeps(std::vector<SweepEntry>& to);
void AddTransferSweeps(std::vector<SweepEntry>& to);  // launch, copies
// Of the types that most models are made of, and of the others.
void AddMatrixSweeps(std::vector<SweepEntry>& to);
void AddRarerMatrixSweeps(std::vector<SweepEntry>& to);
void AddAttentionSweeps(std::vector<SweepEntry>& to);
void AddSmallSweep(std::vector<SweepEntry>& to);
std::vector<SweepEntry> AllSweeps();

// Those that `only` names, in order. InvalidArgument.
Result<std::vector<SweepEntry>> ChooseSweeps(const std::vector<std::string>& only);

}  // namespace motley::profiler
