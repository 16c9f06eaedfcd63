#include "backends/cpu/device.h"

#include "backends/cpu/checks.h"
#include "backends/cpu/memory.h"
#include "backends/cpu/stream.h"
#include "backends/cpu/weights.h"

namespace motley {

CpuDevice::CpuDevice(DeviceInfo info, const CpuNode& node, int threads, CpuLevel level)
    : info_(std::move(info)), level_(level), pool_(threads, node.cpus), arena_(info_.numa_node) {}

Result<Telemetry> CpuDevice::ReadTelemetry() {
  Telemetry out;
  for (const CpuNode& node : ReadCpuNodes("")) {
    if (info_.numa_node < 0 || node.index == info_.numa_node) {
      out.free_bytes = node.free_bytes;
      break;
    }
  }
  return out;
}

Result<std::unique_ptr<Buffer>> CpuDevice::Allocate(uint64_t bytes) {
  if (bytes > info_.memory_bytes) {
    return Error{Code::kOutOfMemory, "needs " + FormatBytes(bytes) + ", " + info_.id + " has " +
                                         FormatBytes(info_.memory_bytes)};
  }
  return MakeHostBuffer(bytes, info_.numa_node);
}

Result<Weight> CpuDevice::LoadWeight(const WeightSpec& spec, const RowReader& read) {
  return LoadHostWeight(spec, read, pool_, arena_);
}

Result<std::unique_ptr<Stream>> CpuDevice::NewStream() {
  return std::unique_ptr<Stream>(std::make_unique<CpuStream>(CpuKernels(level_), pool_));
}

Status CpuDevice::Supports(const OpCall& call) const { return CheckShapes(call); }

TensorType CpuDevice::KvType() const {
  return level_ == CpuLevel::kRef ? TensorType::kF32 : TensorType::kF16;
}

}  // namespace motley
