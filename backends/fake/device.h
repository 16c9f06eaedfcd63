#pragma once
// A fake device in host memory. One thread at a time; its streams share its steps and faults and
// must not outlive it.

#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/cpu/memory.h"
#include "backends/fake/settings.h"
#include "kernels/registry.h"

namespace motley::fake {

struct Settings {
  std::vector<Fault> faults;
  double slowdown = 1;
  std::vector<std::string> ops;  // that it supports; empty: all
  CpuLevel level = CpuLevel::kScalar;
};

// Bytes handed out, of a limit.
struct Budget {
  uint64_t limit = 0, used = 0;
};

class FakeDevice : public Device {
 public:
  FakeDevice(DeviceInfo info, Settings settings);

  const DeviceInfo& info() const override { return info_; }
  Result<Telemetry> ReadTelemetry() override;
  Result<std::unique_ptr<Buffer>> Allocate(uint64_t bytes) override;
  Result<Weight> LoadWeight(const WeightSpec& spec, const RowReader& read) override;
  Result<std::unique_ptr<Stream>> NewStream() override;
  Status Supports(const OpCall& call) const override;
  TensorType KvType() const override;

  // For streams. DeviceLost once the device is lost.
  Status CheckPresent() const;
  Status Launch(const OpCall& call);
  // The caller waited for what was launched: the next launch begins a step.
  void EndStep() { launches_ = 0; }

 private:
  bool IsDue(FaultKind kind, int64_t number) const;
  Status CheckAllocation(uint64_t bytes);
  Status BeginStep();
  void Compute(const OpCall& call);

  const DeviceInfo info_;
  const Settings settings_;
  std::shared_ptr<Budget> budget_;
  SoloTeam team_;
  WeightArena arena_{-1};
  bool lost_ = false;
  int64_t allocations_ = 0, steps_ = 0, launches_ = 0;
};

}  // namespace motley::fake
