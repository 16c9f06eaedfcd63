// gemm.TYPE: y = x * W^T over rows of a batch and shapes.

#include <algorithm>
#include <cctype>

#include "backends/profiler/operands.h"
#include "backends/profiler/sweep.h"

namespace motley::profiler {
namespace {

struct MatrixShape {
  int64_t n, k;
};
// Square, wide and narrow as in a layer's attention, up and down projections.
constexpr MatrixShape kSmall[] = {{2048, 2048}, {5632, 2048}, {2048, 5632}};
constexpr MatrixShape kLarge[] = {{4096, 4096}, {14336, 4096}, {4096, 14336}};
constexpr uint64_t kLargeFrom = uint64_t{3} << 30;  // bytes of a GPU's memory
// Spread over the range first, in between later.
constexpr int kRows[] = {1, 16, 128, 4, 64, 2, 32, 8, 256, 512, 1024, 2048, 4096};
// A step of a model finds its weights in memory, not in a cache: calls go round over copies of this
// many bytes together.
constexpr int64_t kColdBytes = 128 << 20, kQuickColdBytes = 32 << 20;
constexpr int kMostCopies = 64;

class MatrixSweep : public Sweep {
 public:
  MatrixSweep(const Context& context, TensorType type)
      : context_(context), type_(type), operands_(context.device) {
    const DeviceInfo& info = context.device.info();
    const bool large = info.kind == "gpu" && info.memory_bytes >= kLargeFrom &&
                       info.backend != "fake" && !context.options.quick;
    const auto& all = large ? kLarge : kSmall;
    shapes_.assign(std::begin(all), std::end(all) - (context.options.quick ? 1 : 0));
    copies_.resize(shapes_.size());
    for (const int rows : kRows) {
      if (rows > context.options.max_rows) continue;
      for (const MatrixShape& shape : shapes_) Add(rows, shape);
    }
  }

  Status Open() {
    TRY(context_.device.Supports(
        Call(0, Shape(type_, shapes_[0].n, shapes_[0].k, Layout::kDevice))));
    return operands_.Open();
  }

  const std::vector<OpPoint>& points() const override { return points_; }

  Status Prepare(size_t point) override {
    const size_t index = point % shapes_.size();
    const MatrixShape& shape = shapes_[index];
    auto& copies = copies_[index];
    if (!copies.empty()) return {};
    TRY(MakeActivations());
    const int64_t cold = context_.options.quick ? kQuickColdBytes : kColdBytes;
    const auto limit = static_cast<int64_t>(context_.memory_limit / (2 * shapes_.size()));
    const int64_t one = shape.n * RowBytes(type_, shape.k);
    const int64_t count = std::clamp<int64_t>(std::min(cold, limit) / one, 1, kMostCopies);
    while (static_cast<int64_t>(copies.size()) < count) {
      copies.push_back(TRY(operands_.Matrix(type_, shape.n, shape.k, WeightUse::kMatrix)));
    }
    return Run(index, static_cast<int>(count));  // of one row: each is touched once
  }

  Status Run(size_t point, int calls) override {
    const auto& copies = copies_[point % shapes_.size()];
    for (int i = 0; i < calls; ++i) {
      TRY(operands_.stream().Launch(Call(point, copies[next_++ % copies.size()])));
    }
    return operands_.stream().Sync();
  }

 private:
  void Add(int rows, const MatrixShape& s) {
    const double m = rows, n = static_cast<double>(s.n), k = static_cast<double>(s.k);
    OpPoint point;
    point.op = op::MulMat<Tensor>::kName;
    point.type = Traits(type_).name;
    point.where =
        "M " + std::to_string(rows) + " N " + std::to_string(s.n) + " K " + std::to_string(s.k);
    point.x = m;
    point.bytes = n * static_cast<double>(RowBytes(type_, s.k)) + 4 * m * (n + k);
    point.flops = 2 * m * n * k;
    points_.push_back(point);
  }

  Status MakeActivations() {
    if (x_) return {};
    int64_t n = 0, k = 0;
    for (const MatrixShape& shape : shapes_) n = std::max(n, shape.n), k = std::max(k, shape.k);
    const int64_t rows = std::min(context_.options.max_rows, *std::ranges::max_element(kRows));
    x_ = TRY(operands_.Values(rows, k));
    y_ = TRY(operands_.Values(rows, n));
    return {};
  }

  OpCall Call(size_t point, const Tensor& weight) const {
    const auto rows = static_cast<int64_t>(points_[point].x);
    op::MulMat<Tensor> call;
    call.x = Shape(TensorType::kF32, rows, weight.cols);
    call.x.handle = x_.handle;
    call.products[0].weight = weight;
    call.products[0].y = Shape(TensorType::kF32, rows, weight.rows);
    call.products[0].y.handle = y_.handle;
    return call;
  }

  const Context context_;
  const TensorType type_;
  Operands operands_;
  std::vector<MatrixShape> shapes_;
  std::vector<OpPoint> points_;
  std::vector<std::vector<Tensor>> copies_;  // by shape
  Tensor x_, y_;
  size_t next_ = 0;
};

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

void Add(std::vector<SweepEntry>& to, std::initializer_list<TensorType> types) {
  for (const TensorType type : types) {
    const std::string name(Traits(type).name);
    SweepEntry entry;
    entry.info = {"gemm." + Lower(name), name + " weights times 1 to 4096 rows, three shapes"};
    entry.ops = {std::string(op::MulMat<Tensor>::kName)};
    entry.type = name;
    entry.make = [type](const Context& context) -> Result<std::unique_ptr<Sweep>> {
      auto sweep = std::make_unique<MatrixSweep>(context, type);
      TRY(sweep->Open());
      return std::unique_ptr<Sweep>(std::move(sweep));
    };
    to.push_back(std::move(entry));
  }
}

}  // namespace

void AddMatrixSweeps(std::vector<SweepEntry>& to) {
  using enum TensorType;
  Add(to, {kQ4_K, kQ4_0, kQ8_0, kF16, kQ6_K});
}

void AddRarerMatrixSweeps(std::vector<SweepEntry>& to) {
  using enum TensorType;
  Add(to, {kQ4_1, kQ5_K, kQ5_0, kQ5_1, kBF16, kF32});
}

}  // namespace motley::profiler
