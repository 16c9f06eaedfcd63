#pragma once
// One NUMA node of this machine as a device: kernels of one level on one pool of threads, host
// memory for buffers. Calls run to their end inside Launch. From one thread at a time, which
// becomes thread 0 of the pool and is pinned with it (see pool.h): start other threads of the
// process before the first call, or set their CPUs.

#include "backends/backend.h"
#include "backends/cpu/memory.h"
#include "backends/cpu/pool.h"
#include "backends/cpu/topology.h"
#include "kernels/registry.h"

namespace motley {

class CpuDevice : public Device {
 public:
  // `numa_node` of `info` is where memory is taken from, -1 for anywhere.
  CpuDevice(DeviceInfo info, const CpuNode& node, int threads, CpuLevel level);

  const DeviceInfo& info() const override { return info_; }
  Result<Telemetry> ReadTelemetry() override;
  Result<std::unique_ptr<Buffer>> Allocate(uint64_t bytes) override;
  Result<Weight> LoadWeight(const WeightSpec& spec, const RowReader& read) override;
  Result<std::unique_ptr<Stream>> NewStream() override;
  Status Supports(const OpCall& call) const override;
  TensorType KvType() const override;

 private:
  const DeviceInfo info_;
  const CpuLevel level_;
  Pool pool_;
  WeightArena arena_;
};

}  // namespace motley
