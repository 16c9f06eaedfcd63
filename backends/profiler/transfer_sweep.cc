// launch, copy.h2d, copy.d2h: what stands around the ops.

#include <algorithm>

#include "backends/profiler/operands.h"
#include "backends/profiler/sweep.h"

namespace motley::profiler {
namespace {

constexpr int64_t kWidth = 32;  // of the smallest op worth the name
constexpr uint64_t kKi = 1024, kMi = 1024 * kKi;
// Copies go round in so much memory: what a stage hands on is not in a first cache either.
constexpr size_t kColdBytes = 32 * kMi;
constexpr uint64_t kSizes[] = {4 * kKi,   1 * kMi, 16 * kMi,  64 * kKi, 16 * kKi,
                               256 * kKi, 4 * kMi, 512 * kKi, 64 * kMi, 128 * kKi,
                               32 * kKi,  2 * kMi, 8 * kMi,   32 * kMi, 8 * kKi};

// A call whose arithmetic is nothing, with a wait after each and with one wait for many.
class LaunchSweep : public Sweep {
 public:
  explicit LaunchSweep(const Context& context) : context_(context), operands_(context.device) {
    for (const char* where : {"queued", "alone"}) {
      OpPoint point;
      point.where = where;
      point.bytes = 3 * 4 * kWidth;
      points_.push_back(point);
    }
  }

  Status Open() {
    TRY(operands_.Open());
    call_.a = TRY(operands_.Values(1, kWidth));
    call_.b = TRY(operands_.Values(1, kWidth));
    call_.y = TRY(operands_.Values(1, kWidth));
    return context_.device.Supports(call_);
  }

  const std::vector<OpPoint>& points() const override { return points_; }
  Status Prepare(size_t) override { return {}; }

  Status Run(size_t point, int calls) override {
    for (int i = 0; i < calls; ++i) {
      TRY(operands_.stream().Launch(call_));
      if (points_[point].where == "alone") TRY(operands_.stream().Sync());
    }
    return operands_.stream().Sync();
  }

 private:
  const Context context_;
  Operands operands_;
  std::vector<OpPoint> points_;
  op::Add<Tensor> call_;
};

enum class Direction { kIn, kOut };

class CopySweep : public Sweep {
 public:
  CopySweep(const Context& context, Direction direction)
      : device_(context.device), direction_(direction) {
    for (const uint64_t size : kSizes) {
      if (size > context.memory_limit || (context.options.quick && size > 16 * kMi)) continue;
      OpPoint point;
      point.op = direction == Direction::kIn ? "copy.h2d" : "copy.d2h";
      point.where = FormatBytes(size);
      point.x = point.bytes = static_cast<double>(size);
      points_.push_back(point);
    }
  }

  Status Open() {
    size_t all = kColdBytes;
    for (const OpPoint& p : points_) all = std::max(all, static_cast<size_t>(p.bytes));
    host_.assign(all, std::byte{1});
    stream_ = TRY(device_.NewStream());
    buffer_ = TRY(device_.Allocate(all));
    return stream_->CopyIn(host_, *buffer_, 0);
  }

  const std::vector<OpPoint>& points() const override { return points_; }
  Status Prepare(size_t) override { return {}; }

  Status Run(size_t point, int calls) override {
    const auto size = static_cast<size_t>(points_[point].bytes);
    for (int i = 0; i < calls; ++i) {
      at_ = at_ + 2 * size > std::max(kColdBytes, size) ? 0 : at_ + size;
      const MutableBytes host = MutableBytes(host_).subspan(at_, size);
      if (direction_ == Direction::kOut) {
        TRY(stream_->CopyOut(*buffer_, at_, host));
      } else {
        TRY(stream_->CopyIn(host, *buffer_, at_));
        TRY(stream_->Sync());
      }
    }
    return {};
  }

 private:
  Device& device_;
  const Direction direction_;
  std::vector<OpPoint> points_;
  std::vector<std::byte> host_;
  size_t at_ = 0;
  std::unique_ptr<Buffer> buffer_;
  std::unique_ptr<Stream> stream_;  // goes first
};

template <class Made, class... More>
void Add(std::vector<SweepEntry>& to, const char* name, const char* text, double share,
         std::vector<std::string> ops, More... more) {
  SweepEntry entry;
  entry.info = {name, text};
  entry.share = share;
  entry.ops = std::move(ops);
  entry.make = [more...](const Context& context) -> Result<std::unique_ptr<Sweep>> {
    auto sweep = std::make_unique<Made>(context, more...);
    TRY(sweep->Open());
    return std::unique_ptr<Sweep>(std::move(sweep));
  };
  to.push_back(std::move(entry));
}

}  // namespace

void AddTransferSweeps(std::vector<SweepEntry>& to) {
  Add<LaunchSweep>(to, "launch", "a call that computes nothing, in a queue and waited for", 0.2,
                   {"add"});
  Add<CopySweep>(to, "copy.h2d", "host to device, 4 KiB to 64 MiB", 0.5, {}, Direction::kIn);
  Add<CopySweep>(to, "copy.d2h", "device to host, 4 KiB to 64 MiB", 0.5, {}, Direction::kOut);
}

}  // namespace motley::profiler
