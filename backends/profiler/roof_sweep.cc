// roof.read, roof.f32, roof.int8: of the host's CPU.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "backends/cpu/pool.h"
#include "backends/profiler/cpu_roof.h"
#include "backends/profiler/sweep.h"

namespace motley::profiler {
namespace {

constexpr double kRoofSampleSeconds = 1e-3;
constexpr uint64_t kReadBytes = uint64_t{256} << 20, kQuickReadBytes = uint64_t{128} << 20;
constexpr int64_t kPage = 4096, kPiece = 4 << 20;  // bytes that a thread reads in a call
constexpr int64_t kLoops = 1 << 17;
// A measured clock is a few percent off, and AVX lowers it.
constexpr double kTooFew = 0.75, kTooMany = 1.1;

cpu_set_t SetOf(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(cpu, &set);
  return set;
}

class RoofSweep : public Sweep {
 public:
  explicit RoofSweep(const Context& context)
      : team_(static_cast<int>(context.cpus.size()), SetOf(context.cpus)) {
    OpPoint point;
    point.where = std::to_string(team_.threads()) + (team_.threads() == 1 ? " thread" : " threads");
    point.x = team_.threads();
    points_.push_back(point);
  }
  const std::vector<OpPoint>& points() const override { return points_; }
  Status Prepare(size_t) override { return {}; }
  double LeastSampleSeconds() const override { return kRoofSampleSeconds; }

 protected:
  std::vector<OpPoint> points_;
  Pool team_;  // as many threads as CPUs: each pinned to its own
};

class ArithmeticSweep : public RoofSweep {
 public:
  ArithmeticSweep(const Context& context, const ArithmeticRoof& roof)
      : RoofSweep(context), roof_(roof) {
    points_[0].flops = roof.ops_per_loop * kLoops * team_.threads();
  }

  Status Run(size_t, int calls) override {
    team_.Run([&](int) { roof_.loop(kLoops * calls); });
    return {};
  }

  Status Judge(OpPoint* point) override {
    double hz = 0;
    std::mutex mutex;
    team_.Run([&](int) {
      const double mine = CoreHz();
      const std::lock_guard lock(mutex);
      hz = std::max(hz, mine);
    });
    const double per_cycle = point->flops / (point->us * 1e-6) / hz / team_.threads();
    char text[128];
    std::snprintf(text, sizeof text, "%s: %.0f per cycle and core at %.2f GHz, of %.0f to %.0f",
                  roof_.instruction, per_cycle, hz * 1e-9, roof_.least_per_cycle,
                  roof_.most_per_cycle);
    point->note = text;
    if (per_cycle >= kTooFew * roof_.least_per_cycle &&
        per_cycle <= kTooMany * roof_.most_per_cycle) {
      return {};
    }
    return Error::Unavailable(point->note + ": cannot be true, others were using the cores");
  }

 private:
  const ArithmeticRoof roof_;
};

class ReadSweep : public RoofSweep {
 public:
  explicit ReadSweep(const Context& context) : RoofSweep(context) {
    const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    const uint64_t wanted =
        context.options.quick
            ? kQuickReadBytes
            : std::max(kReadBytes, 2 * static_cast<uint64_t>(std::max(0L, cache)));
    const uint64_t all = std::min(wanted, context.memory_limit);
    share_ = static_cast<int64_t>(all) / team_.threads() / kPage * kPage;
    piece_ = std::min(kPiece, share_);
    points_[0].bytes = static_cast<double>(piece_ * team_.threads());
    if (cache > 0 && all < 2 * static_cast<uint64_t>(cache)) {
      note_ = "partly from a last cache of " + FormatBytes(static_cast<uint64_t>(cache));
    }
  }

  // Each thread touches its own part first: it lies in its memory.
  Status Prepare(size_t) override {
    parts_.resize(static_cast<size_t>(team_.threads()));
    team_.Run([&](int thread) {
      auto& part = parts_[static_cast<size_t>(thread)];
      part = std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(share_));
      std::memset(part.get(), 1, static_cast<size_t>(share_));
    });
    return {};
  }

  Status Run(size_t, int calls) override {
    for (int i = 0; i < calls; ++i) {
      team_.Run(
          [&](int thread) { ReadMemory(parts_[static_cast<size_t>(thread)].get() + at_, piece_); });
      at_ = at_ + 2 * piece_ > share_ ? 0 : at_ + piece_;
    }
    return {};
  }

  Status Judge(OpPoint* point) override {
    point->note = note_;
    return {};
  }

 private:
  int64_t share_ = 0, piece_ = 0, at_ = 0;  // of each thread
  std::string note_;
  std::vector<std::unique_ptr<std::byte[]>> parts_;
};

Status IsHostCpu(const Context& context) {
  if (context.device.info().backend == "cpu" && !context.cpus.empty()) return {};
  return Error::Unsupported("only where the device is the host's CPU");
}

void Add(std::vector<SweepEntry>& to, const char* name, const char* text,
         std::function<ArithmeticRoof()> roof) {
  SweepEntry entry;
  entry.info = {name, text};
  entry.share = 0.3;
  entry.make = [roof](const Context& context) -> Result<std::unique_ptr<Sweep>> {
    TRY(IsHostCpu(context));
    if (!roof) {
      if (!FloatRoof().loop) return Error::Unsupported("only on x86-64");
      return std::unique_ptr<Sweep>(std::make_unique<ReadSweep>(context));
    }
    const ArithmeticRoof arithmetic = roof();
    if (!arithmetic.loop) return Error::Unsupported("this CPU has no such instruction");
    return std::unique_ptr<Sweep>(std::make_unique<ArithmeticSweep>(context, arithmetic));
  };
  to.push_back(std::move(entry));
}

}  // namespace

void AddRoofSweeps(std::vector<SweepEntry>& to) {
  Add(to, "roof.read", "memory read by all cores of a CPU", nullptr);
  Add(to, "roof.f32", "F32 multiply-adds of all cores of a CPU", FloatRoof);
  Add(to, "roof.int8", "int8 multiply-adds of all cores of a CPU", Int8Roof);
}

}  // namespace motley::profiler
