#include "backends/opencl/device.h"

#include <algorithm>
#include <vector>

#include "backends/opencl/checks.h"
#include "backends/opencl/stream.h"
#include "backends/opencl/tile.h"
#include "base/checked.h"
#include "base/os.h"
#include "kernels/dequantize/dequantize.h"
#include "kernels/rope/turns.h"

namespace motley::opencl {
namespace {

constexpr int64_t kUploadBytes = 8 << 20;

Tensor TensorOf(const WeightSpec& spec, Buffer& buffer) {
  Tensor t;
  t.handle = buffer.handle();
  t.type = spec.use == WeightUse::kVector ? TensorType::kF32 : spec.type;
  t.layout = spec.use == WeightUse::kVector ? Layout::kDense : Layout::kDevice;
  t.rows = spec.rows;
  t.cols = t.stride = spec.cols;
  return t;
}

}  // namespace

ClDevice::ClDevice(const Api& api, const Found& found, Flavour flavour, Context context)
    : api_(api),
      info_(found.info),
      device_(found.device),
      context_(std::move(context)),
      ledger_(std::make_shared<Ledger>(info_.id, info_.memory_bytes, found.allocation_limit)),
      programs_(api, context_.get(), found, flavour,
                found.own_cache ? std::string() : StateFolder() + "/opencl") {}

Result<std::unique_ptr<ClDevice>> ClDevice::Open(const Api& api, const Found& found,
                                                 Flavour flavour) {
  const cl_context_properties properties[] = {
      CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(found.platform), 0};
  cl_int error = 0;
  Context context(api, api.CreateContext(properties, 1, &found.device, nullptr, nullptr, &error));
  TRY(Check(error, "clCreateContext"));
  std::unique_ptr<ClDevice> device(new ClDevice(api, found, flavour, std::move(context)));
  device->queue_ = TRY(device->NewQueue());
  TRY(device->programs_.Core("add"));
  return device;
}

Result<Telemetry> ClDevice::ReadTelemetry() {
  Telemetry out;
  out.free_bytes = ledger_->free();
  return out;
}

Result<Queue> ClDevice::NewQueue() {
  cl_int error = 0;
  Queue queue(api_, api_.CreateCommandQueue(context_.get(), device_, 0, &error));
  TRY(Check(error, "clCreateCommandQueue"));
  return queue;
}

Result<std::unique_ptr<ClBuffer>> ClDevice::AllocateRaw(uint64_t bytes) {
  return MakeBuffer(api_, context_.get(), ledger_, bytes);
}

Result<std::unique_ptr<Buffer>> ClDevice::Allocate(uint64_t bytes) {
  auto buffer = TRY(AllocateRaw(bytes));
  const cl_uint zero = 0;
  const uint64_t rounded = (std::max<uint64_t>(bytes, 1) + 63) / 64 * 64;
  TRY(Check(api_.EnqueueFillBuffer(queue_.get(), buffer->memory(), &zero, sizeof zero, 0, rounded,
                                   0, nullptr, nullptr),
            "clEnqueueFillBuffer", Phase::kEnqueue));
  TRY(Check(api_.Finish(queue_.get()), "clFinish", Phase::kWait));
  return std::unique_ptr<Buffer>(std::move(buffer));
}

Status ClDevice::Write(ClBuffer& to, uint64_t offset, Bytes bytes) {
  return Check(api_.EnqueueWriteBuffer(queue_.get(), to.memory(), CL_TRUE, offset, bytes.size(),
                                       bytes.data(), 0, nullptr, nullptr),
               "clEnqueueWriteBuffer", Phase::kEnqueue);
}

Result<Weight> ClDevice::LoadWeight(const WeightSpec& spec, const RowReader& read) {
  TRY(CheckWeight(spec));
  const bool vector = spec.use == WeightUse::kVector;
  const int64_t tiles = (spec.rows + kLanes - 1) / kLanes;
  const int64_t bytes =
      vector ? spec.cols * int64_t{sizeof(float)} : tiles * TileBytes(spec.type, spec.cols);
  auto buffer = TRY(AllocateRaw(static_cast<uint64_t>(bytes)));
  TRY(vector ? WriteVector(spec, read, *buffer) : WriteMatrix(spec, read, *buffer));
  Weight weight;
  weight.tensor = TensorOf(spec, *buffer);
  weight.buffer = std::move(buffer);
  return weight;
}

Status ClDevice::WriteVector(const WeightSpec& spec, const RowReader& read, ClBuffer& to) {
  std::vector<std::byte> row(static_cast<size_t>(RowBytes(spec.type, spec.cols)));
  TRY(read(0, 1, row));
  std::vector<float> values(static_cast<size_t>(spec.cols));
  DequantizeRow(spec.type, row.data(), spec.cols, values.data());
  return Write(to, 0, std::as_bytes(std::span(values)));
}

Status ClDevice::WriteMatrix(const WeightSpec& spec, const RowReader& read, ClBuffer& to) {
  const int64_t row_bytes = RowBytes(spec.type, spec.cols);
  const int64_t tile_bytes = TileBytes(spec.type, spec.cols);
  const int64_t tiles = (spec.rows + kLanes - 1) / kLanes;
  const int64_t step = std::min(tiles, std::max<int64_t>(1, kUploadBytes / tile_bytes));
  std::vector<std::byte> source(static_cast<size_t>(step * kLanes * row_bytes));
  std::vector<std::byte> packed(static_cast<size_t>(step * tile_bytes));
  for (int64_t tile = 0; tile < tiles; tile += step) {
    const int64_t first = tile * kLanes;
    const int64_t count = std::min(step * kLanes, spec.rows - first);
    TRY(read(first, count, MutableBytes(source).first(static_cast<size_t>(count * row_bytes))));
    std::ranges::fill(packed, std::byte{0});
    for (int64_t row = 0; row < count; row += kLanes) {
      WriteTile(spec.type, spec.cols, source.data() + row * row_bytes,
                std::min<int64_t>(kLanes, count - row), packed.data() + row / kLanes * tile_bytes);
    }
    const int64_t filled = (count + kLanes - 1) / kLanes * tile_bytes;
    TRY(Write(to, static_cast<uint64_t>(tile * tile_bytes),
              Bytes(packed).first(static_cast<size_t>(filled))));
  }
  return {};
}

Result<cl_mem> ClDevice::RopeTurns(int rotated, float base, float frequency_scale) {
  auto& buffer = turns_[{rotated, base, frequency_scale}];
  if (buffer) return buffer->memory();
  std::vector<uint64_t> turns(static_cast<size_t>(rotated / 2));
  FillTurns(rotated, base, frequency_scale, turns.data());
  auto made = TRY(AllocateRaw(turns.size() * sizeof(uint64_t)));
  TRY(Write(*made, 0, std::as_bytes(std::span(turns))));
  buffer = std::move(made);
  return buffer->memory();
}

Result<std::unique_ptr<Stream>> ClDevice::NewStream() {
  return std::unique_ptr<Stream>(std::make_unique<ClStream>(*this, TRY(NewQueue())));
}

Status ClDevice::Supports(const OpCall& call) const { return CheckCall(call); }

TensorType ClDevice::KvType() const {
  return programs_.flavour().arithmetic == Arithmetic::kFloat ? TensorType::kF32 : TensorType::kF16;
}

}  // namespace motley::opencl
