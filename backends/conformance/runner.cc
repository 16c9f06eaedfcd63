#include "backends/conformance/runner.h"

#include <cmath>
#include <cstring>

#include "backends/conformance/memory_image.h"
#include "kernels/dequantize/dequantize.h"
#include "kernels/mul_mat/packed.h"

namespace motley::conformance {
namespace {

constexpr double kBroken = 1e30;

bool IsLoaded(const Operand& operand) {
  return operand.role == Role::kWeight || operand.role == Role::kVector;
}
bool IsWritten(const Operand& operand) {
  return operand.role == Role::kOutput || operand.role == Role::kInOut;
}

// The shapes alone, to ask for support before anything is allocated.
Tensor ShapeOf(const Operand& operand) {
  if (!IsLoaded(operand)) return MemoryImage(operand).At(nullptr);
  Tensor t;
  t.type = operand.type;
  t.rows = operand.rows;
  t.cols = t.stride = operand.cols;
  if (operand.role == Role::kWeight) t.layout = Layout::kDevice;
  return t;
}

// The operands of a case in the memory of a device; results are read back into the images.
class DeviceRun {
 public:
  DeviceRun(const Case& test, Device& device) : test_(test), device_(device) {}

  Status Run() {
    auto stream = TRY(device_.NewStream());
    for (const Operand& operand : test_.operands) TRY(Place(operand, *stream));
    TRY(stream->Launch(test_.call([this](size_t i) { return tensors_[i]; })));
    TRY(stream->Sync());
    for (size_t i = 0; i < test_.operands.size(); ++i) {
      if (!IsLoaded(test_.operands[i])) TRY(stream->CopyOut(*buffers_[i], 0, images_[i].bytes()));
    }
    return {};
  }
  const MemoryImage& image(size_t operand) const { return images_[operand]; }

 private:
  Status Place(const Operand& operand, Stream& stream) {
    images_.emplace_back(operand);
    if (IsLoaded(operand)) {
      Weight weight = TRY(Load(operand));
      tensors_.push_back(weight.tensor);
      buffers_.push_back(std::move(weight.buffer));
      return {};
    }
    buffers_.push_back(TRY(device_.Allocate(images_.back().bytes().size())));
    tensors_.push_back(images_.back().At(buffers_.back()->handle()));
    return stream.CopyIn(images_.back().bytes(), *buffers_.back(), 0);
  }

  Result<Weight> Load(const Operand& operand) {
    const WeightSpec spec{
        test_.name, operand.type, operand.rows, operand.cols,
        operand.role == Role::kVector ? WeightUse::kVector : WeightUse::kMatrixAndRows};
    const auto row_bytes = static_cast<size_t>(RowBytes(operand.type, operand.cols));
    return device_.LoadWeight(spec, [&](int64_t first, int64_t count, MutableBytes out) -> Status {
      const size_t size = static_cast<size_t>(count) * row_bytes;
      if (first < 0 || first + count > operand.rows || out.size() < size) {
        return Error::Internal("LoadWeight asked for rows that do not exist");
      }
      std::memcpy(out.data(), &operand.data[static_cast<size_t>(first) * row_bytes], size);
      return {};
    });
  }

  const Case& test_;
  Device& device_;
  std::vector<MemoryImage> images_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<Tensor> tensors_;
};

// The same on the host, with the kernels of the reference.
class HostRun {
 public:
  HostRun(const Case& test, CpuLevel level) {
    for (const Operand& operand : test.operands) images_.emplace_back(operand);
    packed_.resize(test.operands.size());
    const OpCall call = test.call([&](size_t i) {
      return test.operands[i].role == Role::kWeight ? Pack(test.operands[i], packed_[i])
                                                    : images_[i].At(images_[i].bytes().data());
    });
    Launch(call, CpuKernels(level));
  }
  const MemoryImage& image(size_t operand) const { return images_[operand]; }

 private:
  static Tensor Pack(const Operand& operand, std::vector<std::byte>& memory) {
    constexpr size_t kSlack = 4096;  // for the alignment, and for kernels that read ahead
    memory.resize(static_cast<size_t>(PackedBytes(operand.type, operand.rows, operand.cols)) +
                  kSlack);
    Tensor t = ShapeOf(operand);
    t.handle = memory.data() +
               (kPackedAlignment - reinterpret_cast<uintptr_t>(memory.data()) % kPackedAlignment);
    PackRows(operand.type, operand.cols, 0, operand.rows, operand.data.data(), t.handle);
    return t;
  }

  static void Launch(const OpCall& call, const CpuKernelTable& kernels) {
    SoloTeam team;
    if (auto* c = std::get_if<op::GetRows<Tensor>>(&call)) kernels.get_rows(*c, team);
    if (auto* c = std::get_if<op::RmsNorm<Tensor>>(&call)) kernels.rms_norm(*c, team);
    if (auto* c = std::get_if<op::MulMat<Tensor>>(&call)) kernels.mul_mat(*c, team);
    if (auto* c = std::get_if<op::Rope<Tensor>>(&call)) kernels.rope(*c, team);
    if (auto* c = std::get_if<op::StoreKv<Tensor>>(&call)) kernels.store_kv(*c, team);
    if (auto* c = std::get_if<op::Attention<Tensor>>(&call)) kernels.attention(*c, team);
    if (auto* c = std::get_if<op::Add<Tensor>>(&call)) kernels.add(*c, team);
    if (auto* c = std::get_if<op::Glu<Tensor>>(&call)) kernels.glu(*c, team);
  }

  std::vector<MemoryImage> images_;
  std::vector<std::vector<std::byte>> packed_;
};

double MeanMagnitude(const Operand& operand, const MemoryImage& image) {
  double sum = 0;
  for (int64_t row = 0; row < operand.rows; ++row) {
    for (int64_t col = 0; col < operand.cols; ++col) sum += std::abs(image.Value(row, col));
  }
  return sum / static_cast<double>(operand.rows * operand.cols);
}

void CompareValues(const Operand& operand, const MemoryImage& got, const MemoryImage& want,
                   double tolerance, Outcome& outcome) {
  const double mean = MeanMagnitude(operand, want);
  for (int64_t row = 0; row < operand.rows; ++row) {
    for (int64_t col = 0; col < operand.cols; ++col) {
      const double a = got.Value(row, col), b = want.Value(row, col);
      double error = a == b ? 0 : std::abs(a - b) / (std::abs(b) + mean);
      if (!(error < kBroken)) error = kBroken;
      if (error > tolerance && outcome.verdict == Verdict::kPassed) {
        outcome.verdict = Verdict::kFailed;
        outcome.reason = "value [" + std::to_string(row) + "][" + std::to_string(col) + "] is " +
                         std::to_string(a) + ", the reference " + std::to_string(b);
      }
      outcome.error = std::max(outcome.error, error);
    }
  }
}

Outcome Compare(const Case& test, const DeviceRun& got, const HostRun& want, double tolerance) {
  Outcome outcome;
  for (size_t i = 0; i < test.operands.size(); ++i) {
    const Operand& operand = test.operands[i];
    if (IsLoaded(operand)) continue;
    if (const auto at = got.image(i).StrayWrite()) {
      return {Verdict::kFailed, kBroken,
              "operand " + std::to_string(i) + " has a write outside its values, at byte " +
                  std::to_string(*at)};
    }
    if (!IsWritten(operand)) {
      if (got.image(i).bytes() != want.image(i).bytes()) {
        return {Verdict::kFailed, kBroken, "input " + std::to_string(i) + " was changed"};
      }
      continue;
    }
    CompareValues(operand, got.image(i), want.image(i), tolerance, outcome);
  }
  return outcome;
}

}  // namespace

Result<Outcome> RunCase(const Case& test, double tolerance, Device& device, CpuLevel level) {
  const Status supported =
      device.Supports(test.call([&](size_t i) { return ShapeOf(test.operands[i]); }));
  if (!supported.ok()) return Outcome{Verdict::kUnsupported, 0, supported.error().message};
  DeviceRun got(test, device);
  const Status ran = got.Run();
  if (!ran.ok()) {
    const Code code = ran.error().code;
    if (code == Code::kDeviceLost || code == Code::kOutOfMemory) return ran.error();
    return Outcome{Verdict::kFailed, kBroken, ran.error().message};
  }
  Outcome outcome = Compare(test, got, HostRun(test, level), tolerance);
  if (outcome.verdict == Verdict::kFailed) outcome.reason = test.name + ": " + outcome.reason;
  return outcome;
}

}  // namespace motley::conformance
