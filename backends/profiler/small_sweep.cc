// small: the ops between the matrices.

#include <algorithm>

#include "backends/profiler/operands.h"
#include "backends/profiler/sweep.h"

namespace motley::profiler {
namespace {

constexpr int64_t kWidth = 2048, kTable = 1024;
constexpr int kHeadDim = 64, kKvHeads = 4, kBlock = 32;
constexpr int64_t kKvCols = int64_t{kKvHeads} * kHeadDim;
constexpr int kRows[] = {1, 64, 8,  256, 2,   16, 4,  32,  128, 512,
                         3, 24, 96, 6,   384, 12, 48, 192, 768, 1024};
constexpr size_t kQuickPoints = 60;
constexpr int64_t kBlocks = 1024 / kBlock;

class SmallSweep : public Sweep {
 public:
  explicit SmallSweep(const Context& context) : context_(context), operands_(context.device) {}

  Status Open() {
    TRY(operands_.Open());
    TRY(Allocate());
    Error last = Error::Unsupported(context_.device.info().id + " has none of the small ops");
    for (const int rows : kRows) {
      if (rows > context_.options.max_rows) continue;
      if (context_.options.quick && points_.size() >= kQuickPoints) break;
      for (const auto& [call, values] : CallsOf(rows)) {
        const Status supported = context_.device.Supports(call);
        supported.ok() ? Add(call, rows, values) : void(last = supported.error());
      }
    }
    if (points_.empty()) return last;
    return {};
  }

  const std::vector<OpPoint>& points() const override { return points_; }
  Status Prepare(size_t) override { return {}; }

  Status Run(size_t point, int calls) override {
    for (int i = 0; i < calls; ++i) TRY(operands_.stream().Launch(calls_[point]));
    return operands_.stream().Sync();
  }

 private:
  struct Small {
    OpCall call;
    double values;  // F32 read and written
  };

  Status Allocate() {
    const int64_t rows = *std::ranges::max_element(kRows);
    a_ = TRY(operands_.Values(rows, kWidth));
    b_ = TRY(operands_.Values(rows, kWidth));
    y_ = TRY(operands_.Values(rows, kWidth));
    weight_ = TRY(operands_.Matrix(TensorType::kF32, 1, kWidth, WeightUse::kVector));
    table_ = TRY(operands_.Matrix(TensorType::kQ8_0, kTable, kWidth, WeightUse::kRows));
    const TensorType kv = context_.device.KvType();
    k_ = TRY(operands_.Values(kBlocks * kKvHeads * kBlock, kHeadDim, kv));
    v_ = TRY(operands_.Values(kBlocks * kKvHeads * kBlock, kHeadDim, kv));
    std::vector<int32_t> rising;
    for (int32_t i = 0; i < rows; ++i) rising.push_back(i);
    ids_ = TRY(operands_.Indices(rising, rows));
    return {};
  }

  static Tensor First(const Tensor& t, int64_t rows, int64_t cols) {
    Tensor out = Shape(t.type, rows, cols);
    out.handle = t.handle;
    return out;
  }

  std::vector<Small> CallsOf(int64_t rows) const {
    const Tensor a = First(a_, rows, kWidth), b = First(b_, rows, kWidth),
                 y = First(y_, rows, kWidth), ids = First(ids_, rows, 1);
    const auto values = static_cast<double>(rows * kWidth);
    op::Rope<Tensor> rope{a, ids};
    rope.head_dim = rope.rotated = kHeadDim;
    op::StoreKv<Tensor> store{First(a_, rows, kKvCols), First(b_, rows, kKvCols), ids, k_, v_};
    store.kv_heads = kKvHeads, store.head_dim = kHeadDim, store.block_tokens = kBlock;
    return {{op::RmsNorm<Tensor>{a, weight_, y}, 2 * values},
            {op::Add<Tensor>{a, b, y}, 3 * values},
            {op::Glu<Tensor>{a, b, y}, 3 * values},
            {rope, 2 * values},
            {store, 3.0 * static_cast<double>(rows * kKvCols)},
            {op::GetRows<Tensor>{table_, ids, y}, 1.25 * values}};
  }

  void Add(const OpCall& call, int rows, double values) {
    OpPoint point;
    point.op = OpName(call);
    point.type = "F32";
    point.where = point.op + " M " + std::to_string(rows);
    point.x = rows;
    point.bytes = 4 * values;
    points_.push_back(point);
    calls_.push_back(call);
  }

  const Context context_;
  Operands operands_;
  std::vector<OpPoint> points_;
  std::vector<OpCall> calls_;
  Tensor a_, b_, y_, weight_, table_, k_, v_, ids_;
};

}  // namespace

void AddSmallSweep(std::vector<SweepEntry>& to) {
  SweepEntry entry;
  entry.info = {"small", "norm, add, glu, rope, store_kv and get_rows over 1 to 1024 rows"};
  entry.share = 1.3;  // six ops
  entry.ops = {"rms_norm", "add", "glu", "rope", "store_kv", "get_rows"};
  entry.make = [](const Context& context) -> Result<std::unique_ptr<Sweep>> {
    auto sweep = std::make_unique<SmallSweep>(context);
    TRY(sweep->Open());
    return std::unique_ptr<Sweep>(std::move(sweep));
  };
  to.push_back(std::move(entry));
}

}  // namespace motley::profiler
