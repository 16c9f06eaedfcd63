#include "backends/fake/device.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "backends/cpu/checks.h"
#include "backends/cpu/memory.h"
#include "backends/cpu/weights.h"
#include "base/checked.h"
#include "base/clock.h"

namespace motley::fake {
namespace {

// Counts against the device's memory; not visible to the host, like that of most devices.
class FakeBuffer : public Buffer {
 public:
  FakeBuffer(std::unique_ptr<Buffer> memory, uint64_t bytes, std::shared_ptr<Budget> budget)
      : memory_(std::move(memory)), bytes_(bytes), budget_(std::move(budget)) {
    budget_->used += bytes_;
  }
  ~FakeBuffer() override { budget_->used -= bytes_; }
  void* handle() override { return memory_->handle(); }
  uint64_t size() const override { return memory_->size(); }

 private:
  std::unique_ptr<Buffer> memory_;
  uint64_t bytes_;
  std::shared_ptr<Budget> budget_;
};

Status CheckRange(const Buffer& buffer, uint64_t offset, uint64_t bytes) {
  if (offset <= buffer.size() && bytes <= buffer.size() - offset) return {};
  return Error::Invalid("offset", std::to_string(bytes) + " bytes at " + std::to_string(offset) +
                                      " of a buffer of " + std::to_string(buffer.size()));
}

class FakeStream : public Stream {
 public:
  explicit FakeStream(FakeDevice& device) : device_(device) {}

  Status CopyIn(Bytes from, Buffer& to, uint64_t offset) override {
    TRY(device_.CheckPresent());
    TRY(CheckRange(to, offset, from.size()));
    if (!from.empty()) {
      std::memcpy(static_cast<std::byte*>(to.handle()) + offset, from.data(), from.size());
    }
    return {};
  }

  Status CopyOut(Buffer& from, uint64_t offset, MutableBytes to) override {
    TRY(Sync());
    TRY(CheckRange(from, offset, to.size()));
    if (!to.empty()) {
      std::memcpy(to.data(), static_cast<std::byte*>(from.handle()) + offset, to.size());
    }
    return {};
  }

  Status Launch(const OpCall& call) override { return device_.Launch(call); }

  Status Sync() override {
    device_.EndStep();
    return device_.CheckPresent();
  }

 private:
  FakeDevice& device_;
};

// 0 for a shape that LoadHostWeight refuses.
uint64_t FileBytes(const WeightSpec& spec) {
  const auto values = CheckedMul<int64_t>(spec.rows, spec.cols);
  if (spec.rows <= 0 || spec.cols <= 0 || !values || *values > INT64_MAX / 64) return 0;
  return static_cast<uint64_t>(spec.rows * RowBytes(spec.type, spec.cols));
}

void Negate(const op::MulMat<Tensor>& call) {
  for (int i = 0; i < call.count; ++i) {
    const Tensor& y = call.products[static_cast<size_t>(i)].y;
    auto* values = reinterpret_cast<float*>(static_cast<std::byte*>(y.handle) + y.offset);
    for (int64_t row = 0; row < y.rows; ++row) {
      for (int64_t k = 0; k < y.cols; ++k) values[row * y.stride + k] *= -1;
    }
  }
}

[[noreturn]] void HangForEver() {
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

}  // namespace

FakeDevice::FakeDevice(DeviceInfo info, Settings settings)
    : info_(std::move(info)),
      settings_(std::move(settings)),
      budget_(std::make_shared<Budget>(Budget{info_.free_bytes, 0})) {}

Status FakeDevice::CheckPresent() const {
  if (!lost_) return {};
  return Error::DeviceLost(info_.id + " was lost at step " + std::to_string(steps_) +
                           " (MOTLEY_FAKE_FAULT)");
}

bool FakeDevice::IsDue(FaultKind kind, int64_t number) const {
  return std::ranges::any_of(settings_.faults, [&](const Fault& fault) {
    return fault.kind == kind && fault.at == number;
  });
}

Result<Telemetry> FakeDevice::ReadTelemetry() {
  TRY(CheckPresent());
  Telemetry out;
  out.free_bytes = budget_->limit - budget_->used;
  return out;
}

Status FakeDevice::CheckAllocation(uint64_t bytes) {
  TRY(CheckPresent());
  ++allocations_;
  const uint64_t free = budget_->limit - budget_->used;
  if (IsDue(FaultKind::kOutOfMemory, allocations_)) {
    return Error{Code::kOutOfMemory, info_.id + ": allocation " + std::to_string(allocations_) +
                                         " refused (MOTLEY_FAKE_FAULT)"};
  }
  if (bytes > free) {
    return Error{Code::kOutOfMemory, "needs " + FormatBytes(bytes) + ", " + FormatBytes(free) +
                                         " of " + FormatBytes(budget_->limit) + " free on " +
                                         info_.id};
  }
  return {};
}

Result<std::unique_ptr<Buffer>> FakeDevice::Allocate(uint64_t bytes) {
  TRY(CheckAllocation(bytes));
  auto memory = TRY(MakeHostBuffer(bytes, -1));
  return std::unique_ptr<Buffer>(std::make_unique<FakeBuffer>(std::move(memory), bytes, budget_));
}

Result<Weight> FakeDevice::LoadWeight(const WeightSpec& spec, const RowReader& read) {
  TRY(CheckAllocation(FileBytes(spec)));
  Weight weight = TRY(LoadHostWeight(spec, read, team_, arena_));
  const uint64_t bytes = weight.buffer->size();
  weight.buffer = std::make_unique<FakeBuffer>(std::move(weight.buffer), bytes, budget_);
  return weight;
}

Result<std::unique_ptr<Stream>> FakeDevice::NewStream() {
  TRY(CheckPresent());
  return std::unique_ptr<Stream>(std::make_unique<FakeStream>(*this));
}

Status FakeDevice::Supports(const OpCall& call) const {
  const auto& ops = settings_.ops;
  if (!ops.empty() && std::ranges::find(ops, OpName(call)) == ops.end()) {
    return Error::Unsupported(info_.id + " has no " + std::string(OpName(call)) +
                              " (MOTLEY_FAKE_OPS)");
  }
  return CheckShapes(call);
}

TensorType FakeDevice::KvType() const {
  return settings_.level == CpuLevel::kRef ? TensorType::kF32 : TensorType::kF16;
}

Status FakeDevice::BeginStep() {
  ++steps_;
  if (IsDue(FaultKind::kAbort, steps_)) std::abort();
  if (IsDue(FaultKind::kHang, steps_)) HangForEver();
  lost_ = IsDue(FaultKind::kLose, steps_);
  return CheckPresent();
}

Status FakeDevice::Launch(const OpCall& call) {
  TRY(CheckPresent());
  TRY(Supports(call));
  TRY(CheckData(call));
  if (launches_++ == 0) TRY(BeginStep());
  const int64_t start = RealClock().NowNs();
  Compute(call);
  if (settings_.slowdown > 1) {
    const auto spent = static_cast<double>(RealClock().NowNs() - start);
    std::this_thread::sleep_for(
        std::chrono::nanoseconds(static_cast<int64_t>(spent * (settings_.slowdown - 1))));
  }
  return {};
}

void FakeDevice::Compute(const OpCall& call) {
  RunOp(CpuKernels(settings_.level), call, team_);
  const auto* products = std::get_if<op::MulMat<Tensor>>(&call);
  if (products && IsDue(FaultKind::kWrong, steps_)) Negate(*products);
}

}  // namespace motley::fake
