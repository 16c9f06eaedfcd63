#pragma once
// One OpenCL device with its context, kernels and memory. One thread at a time.

#include <map>
#include <memory>
#include <tuple>

#include "backends/backend.h"
#include "backends/opencl/driver/programs.h"
#include "backends/opencl/memory.h"

namespace motley::opencl {

class ClDevice : public Device {
 public:
  // Builds the common kernels: Internal with the compiler's log when it refuses them.
  static Result<std::unique_ptr<ClDevice>> Open(const Api& api, const Found& found,
                                                Flavour flavour);

  const DeviceInfo& info() const override { return info_; }
  Result<Telemetry> ReadTelemetry() override;
  Result<std::unique_ptr<Buffer>> Allocate(uint64_t bytes) override;
  Result<Weight> LoadWeight(const WeightSpec& spec, const RowReader& read) override;
  Result<std::unique_ptr<Stream>> NewStream() override;
  Status Supports(const OpCall& call) const override;
  TensorType KvType() const override;

  // For streams.
  const Api& api() const { return api_; }
  Programs& programs() { return programs_; }
  Result<std::unique_ptr<ClBuffer>> AllocateRaw(uint64_t bytes);
  Result<Queue> NewQueue();
  // Turns per token of every pair, 64-bit fixed point: frequency_scale * base^(-2i/rotated) / 2 pi
  // of op.h's Rope. Kept for the next call with the same numbers.
  Result<cl_mem> RopeTurns(int rotated, float base, float frequency_scale);

 private:
  ClDevice(const Api& api, const Found& found, Flavour flavour, Context context);
  Status WriteVector(const WeightSpec& spec, const RowReader& read, ClBuffer& to);
  Status WriteMatrix(const WeightSpec& spec, const RowReader& read, ClBuffer& to);
  Status Write(ClBuffer& to, uint64_t offset, Bytes bytes);

  const Api& api_;
  DeviceInfo info_;
  cl_device_id device_;
  Context context_;
  Queue queue_;  // for uploads
  std::shared_ptr<Ledger> ledger_;
  Programs programs_;
  std::map<std::tuple<int, float, float>, std::unique_ptr<ClBuffer>> turns_;
};

}  // namespace motley::opencl
