// attention.decode: one row of each of B sequences; attention.prefill: T rows of one after P
// others.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "backends/profiler/operands.h"
#include "backends/profiler/sweep.h"

namespace motley::profiler {
namespace {

constexpr int kHeads = 16, kKvHeads = 4, kHeadDim = 64, kBlock = 32;
constexpr int64_t kCols = int64_t{kHeads} * kHeadDim;

enum class Phase { kDecode, kPrefill };

struct Work {
  int sequences, rows;  // rows of each
  int past;             // tokens before them
  int context() const { return past + rows; }
  int tokens() const { return sequences * context(); }
};

// The corners of what is cheap first, then outwards.
constexpr Work kDecode[] = {{1, 1, 511},   {1, 1, 4095},   {8, 1, 511},   {8, 1, 4095},
                            {1, 1, 63},    {4, 1, 1023},   {16, 1, 255},  {2, 1, 2047},
                            {64, 1, 511},  {1, 1, 16383},  {16, 1, 2047}, {32, 1, 1023},
                            {1, 1, 32767}, {64, 1, 4095},  {8, 1, 32767}, {4, 1, 16383},
                            {32, 1, 8191}, {64, 1, 16383}, {64, 1, 32767}};
constexpr Work kPrefill[] = {{1, 128, 0},   {1, 512, 0},      {1, 128, 4096},  {1, 32, 0},
                             {1, 256, 0},   {1, 256, 1024},   {1, 64, 0},      {1, 512, 1024},
                             {1, 64, 4096}, {1, 512, 4096},   {1, 1024, 0},    {1, 128, 16384},
                             {1, 2048, 0},  {1, 1024, 4096},  {1, 512, 16384}, {1, 2048, 4096},
                             {1, 4096, 0},  {1, 2048, 16384}, {1, 4096, 4096}, {1, 4096, 16384}};

class AttentionSweep : public Sweep {
 public:
  AttentionSweep(const Context& context, Phase phase)
      : context_(context), phase_(phase), kv_(context.device.KvType()), operands_(context.device) {
    const uint64_t token = 2 * kKvHeads * static_cast<uint64_t>(RowBytes(kv_, kHeadDim));
    const uint64_t limit = context.memory_limit / (context.options.quick ? 2 : 1);
    const auto add = [&](const auto& all) {
      for (const Work& work : all) {
        const bool fits = static_cast<uint64_t>(work.tokens()) * token <= limit;
        if ((fits && work.rows <= context.options.max_rows) || points_.empty()) Add(work);
      }
    };
    phase == Phase::kDecode ? add(kDecode) : add(kPrefill);
  }

  Status Open() {
    TRY(context_.device.Supports(Call(Shape(kv_, kKvHeads * kBlock, kHeadDim))));
    return operands_.Open();
  }

  const std::vector<OpPoint>& points() const override { return points_; }

  Status Prepare(size_t point) override {
    if (!k_) TRY(Allocate());
    const Work& work = works_[point];
    std::vector<int32_t> positions, sequences;
    for (int s = 0; s < work.sequences; ++s) {
      for (int row = 0; row < work.rows; ++row) {
        positions.push_back(work.past + row);
        sequences.push_back(s);
      }
    }
    const int blocks = BlocksOf(work);
    std::vector<int32_t> table(static_cast<size_t>(blocks) * work.sequences);
    std::iota(table.begin(), table.end(), 0);
    rows_ = static_cast<int64_t>(positions.size());
    table_rows_ = work.sequences;
    TRY(operands_.Overwrite(positions_, positions));
    TRY(operands_.Overwrite(sequences_, sequences));
    return operands_.Overwrite(table_, table);
  }

  Status Run(size_t point, int calls) override {
    op::Attention<Tensor> call = Call(k_);
    call.v_cache = v_;
    const auto place = [](Tensor& t, const Tensor& at) { t.handle = at.handle; };
    place(call.q, q_), place(call.y, y_);
    place(call.positions, positions_), place(call.sequences, sequences_);
    call.block_table = Shape(TensorType::kI32, table_rows_, BlocksOf(works_[point]));
    place(call.block_table, table_);
    for (int i = 0; i < calls; ++i) TRY(operands_.stream().Launch(call));
    return operands_.stream().Sync();
  }

 private:
  static int BlocksOf(const Work& work) { return (work.context() + kBlock - 1) / kBlock; }

  void Add(const Work& work) {
    const double token = 2.0 * kKvHeads * static_cast<double>(RowBytes(kv_, kHeadDim));
    const double rows = static_cast<double>(work.sequences) * work.rows;
    // Pairs of a row and a position that it attends to.
    const double pairs = work.sequences * (static_cast<double>(work.rows) * work.past +
                                           work.rows * (work.rows + 1.0) / 2);
    const bool decode = phase_ == Phase::kDecode;
    OpPoint point;
    point.op = decode ? "attention.decode" : "attention.prefill";
    point.type = Traits(kv_).name;
    point.where = decode ? "B " + std::to_string(work.sequences) + " context " +
                               std::to_string(work.context())
                         : "T " + std::to_string(work.rows) + " P " + std::to_string(work.past);
    point.x = decode ? work.tokens() : work.rows;
    point.bytes = work.tokens() * token + rows * 2 * 4.0 * kCols;
    point.flops = 4.0 * kHeads * kHeadDim * pairs;
    points_.push_back(point);
    works_.push_back(work);
  }

  Status Allocate() {
    int64_t rows = 0, sequences = 0, table = 0, blocks = 0;
    for (const Work& work : works_) {
      rows = std::max<int64_t>(rows, int64_t{work.sequences} * work.rows);
      sequences = std::max<int64_t>(sequences, work.sequences);
      const int64_t used = int64_t{BlocksOf(work)} * work.sequences;
      blocks = std::max(blocks, used);
      table = std::max(table, used);
    }
    k_ = TRY(operands_.Values(blocks * kKvHeads * kBlock, kHeadDim, kv_));
    v_ = TRY(operands_.Values(blocks * kKvHeads * kBlock, kHeadDim, kv_));
    q_ = TRY(operands_.Values(rows, kCols));
    y_ = TRY(operands_.Values(rows, kCols));
    const auto zeros = [](int64_t n) { return std::vector<int32_t>(static_cast<size_t>(n)); };
    positions_ = TRY(operands_.Indices(zeros(rows), rows));
    sequences_ = TRY(operands_.Indices(zeros(rows), rows));
    table_ = TRY(operands_.Indices(zeros(table), 1));
    return {};
  }

  op::Attention<Tensor> Call(const Tensor& cache) const {
    op::Attention<Tensor> call;
    call.q = call.y = Shape(TensorType::kF32, rows_, kCols);
    call.k_cache = call.v_cache = cache;
    call.positions = call.sequences = Shape(TensorType::kI32, rows_, 1);
    call.block_table = Shape(TensorType::kI32, table_rows_, 1);
    call.heads = kHeads;
    call.kv_heads = kKvHeads;
    call.head_dim = kHeadDim;
    call.block_tokens = kBlock;
    call.scale = 1 / std::sqrt(static_cast<float>(kHeadDim));
    return call;
  }

  const Context context_;
  const Phase phase_;
  const TensorType kv_;
  Operands operands_;
  std::vector<OpPoint> points_;
  std::vector<Work> works_;
  int64_t rows_ = 1, table_rows_ = 1;
  Tensor k_, v_, q_, y_, positions_, sequences_, table_;
};

void Add(std::vector<SweepEntry>& to, Phase phase, const char* name, const char* text) {
  SweepEntry entry;
  entry.info = {name, text};
  entry.ops = {std::string(op::Attention<Tensor>::kName)};
  entry.make = [phase](const Context& context) -> Result<std::unique_ptr<Sweep>> {
    auto sweep = std::make_unique<AttentionSweep>(context, phase);
    TRY(sweep->Open());
    return std::unique_ptr<Sweep>(std::move(sweep));
  };
  to.push_back(std::move(entry));
}

}  // namespace

void AddAttentionSweeps(std::vector<SweepEntry>& to) {
  Add(to, Phase::kDecode, "attention.decode",
      "one row of each of 1 to 64 sequences over 64 to 32768 tokens of context");
  Add(to, Phase::kPrefill, "attention.prefill",
      "32 to 4096 rows of one sequence after 0 to 16384 others");
}

}  // namespace motley::profiler
