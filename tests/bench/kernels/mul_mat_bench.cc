// Speed of mul_mat as a share of what this machine can do at most, both measured in the same run:
//   mul_mat_bench [--types Q4_1,Q8_0] [--shapes 1536x576,...] [--rows 1,512] [--threads 2] [--level
//   vnni]
// Few rows read memory: GB/s of packed weights against the read roof, over a set of matrices larger
// than the caches. Many rows compute: 10^9 operations per second against the roof of vpdpbusd. Both
// times include rounding x.
#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "backends/cpu/memory.h"
#include "backends/cpu/pool.h"
#include "kernels/mul_mat/cpu/loops.h"
#include "kernels/mul_mat/mul_mat.h"
#include "tests/bench/kernels/roof.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

constexpr int64_t kSetBytes = int64_t{256} << 20;
constexpr int64_t kDecodeRows = 16;  // up to here a set of matrices, above the same one again

struct Options {
  std::vector<std::string> types = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0",
                                    "Q4_K", "Q5_K", "Q6_K", "F16"};
  std::vector<std::string> shapes = {"1536x576", "576x1536", "2048x640", "2048x2048"};
  std::vector<int64_t> rows = {1, 512};
  std::string level = CpuLevelName(BestCpuLevel()), path = "auto";
  int threads = 2;
  double quantile = 0.5;
};

struct Shape {
  int64_t rows = 0, cols = 0;
};

class HugeMemory {
 public:
  explicit HugeMemory(int64_t bytes) {
    WeightArena arena(-1);
    auto buffer = arena.Allocate(static_cast<uint64_t>(bytes));
    if (!buffer) std::exit(1);
    buffer_ = std::move(*buffer);
    std::memset(buffer_->handle(), 0, static_cast<size_t>(bytes));
  }
  uint8_t* data() { return static_cast<uint8_t*>(buffer_->handle()); }

 private:
  std::unique_ptr<Buffer> buffer_;
};

// Copies of one matrix, `count` of them.
struct Set {
  Set(TensorType type, Shape shape, int64_t count)
      : bytes(PackedBytes(type, shape.rows, shape.cols)), memory(bytes * count) {
    const auto file = RandomWeights(type, shape.rows, shape.cols, 1);
    PackRows(type, shape.cols, 0, shape.rows, file.data(), memory.data());
    for (int64_t i = 0; i < count; ++i) {
      uint8_t* at = memory.data() + i * bytes;
      if (i > 0) std::memcpy(at, memory.data(), static_cast<size_t>(bytes));
      weights.push_back({.handle = at,
                         .type = type,
                         .layout = Layout::kDevice,
                         .rows = shape.rows,
                         .cols = shape.cols});
    }
  }
  int64_t bytes;
  HugeMemory memory;
  std::vector<Tensor> weights;
};

struct Bench {
  CpuLevel level;
  WeightPath path;
  double quantile;
  Pool& pool;

  // Seconds of one call.
  double Time(const Set& set, int64_t m) {
    const Tensor& w = set.weights[0];
    std::vector<float> x = RandomValues(m * w.cols, 2), y(static_cast<size_t>(m * w.rows));
    op::MulMat<Tensor> call{.x = DenseTensor(x, m, w.cols)};
    const double ops = 2.0 * static_cast<double>(m * w.rows * w.cols);
    const auto matrices = static_cast<int64_t>(set.weights.size());
    const int64_t calls =
        m <= kDecodeRows ? matrices
                         : std::clamp(static_cast<int64_t>(1e11 / ops), int64_t{9}, int64_t{200});
    return TimeCalls(calls, quantile, [&](int64_t i) {
      const int64_t at = m <= kDecodeRows ? i : 0;
      call.products[0] = {.weight = set.weights[static_cast<size_t>(at)],
                          .y = DenseTensor(y, m, w.rows)};
      RunMulMat(MulMatMicroKernels(level), call, pool, path);
    });
  }

  void Row(TensorType type, Shape shape, const std::vector<int64_t>& rows) {
    const int64_t bytes = PackedBytes(type, shape.rows, shape.cols);
    const bool decodes = std::ranges::any_of(rows, [](int64_t m) { return m <= kDecodeRows; });
    Set set(type, shape, decodes ? std::max<int64_t>(1, kSetBytes / bytes) : 1);
    std::printf("%-5s N %5ld K %5ld:", Traits(type).name.data(), static_cast<long>(shape.rows),
                static_cast<long>(shape.cols));
    for (const int64_t m : rows) {
      const double seconds = Time(set, m);
      const double gbps = static_cast<double>(bytes) / seconds / 1e9;
      const double gops = 2e-9 * static_cast<double>(m * shape.rows * shape.cols) / seconds;
      const double roof =
          m <= kDecodeRows ? ReadGBps(pool, quantile, set.memory.data(), kSetBytes / bytes * bytes)
                           : VnniGops(pool, quantile);
      const double value = m <= kDecodeRows ? gbps : gops;
      std::printf("  M %ld %.1f %s (%.0f %%)", static_cast<long>(m), value,
                  m <= kDecodeRows ? "GB/s" : "GOP/s", roof > 0 ? 100 * value / roof : 0.0);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
};

int Run(const Options& options) {
  const auto level = CpuLevelFromName(options.level);
  if (!level || *level == CpuLevel::kRef || !CpuHasLevel(*level)) {
    std::fprintf(stderr, "no such level here: %s\n", options.level.c_str());
    return 2;
  }
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof(cpus), &cpus);
  Pool pool(options.threads, cpus);
  HugeMemory memory(kSetBytes);
  std::printf("%s, %d threads: vpdpbusd %.0f GOP/s, memory %.1f GB/s\n", options.level.c_str(),
              options.threads, VnniGops(pool, options.quantile),
              ReadGBps(pool, options.quantile, memory.data(), kSetBytes));
  const WeightPath path = options.path == "direct"   ? WeightPath::kDirect
                          : options.path == "expand" ? WeightPath::kExpand
                                                     : WeightPath::kAuto;
  for (const std::string& shape_text : options.shapes) {
    Shape shape;
    if (std::sscanf(shape_text.c_str(), "%ldx%ld", &shape.rows, &shape.cols) != 2) return 2;
    for (const std::string& name : options.types) {
      const auto type = TypeFromName(name);
      if (!type || shape.cols % Traits(*type).block_elements != 0) continue;
      Bench{*level, path, options.quantile, pool}.Row(*type, shape, options.rows);
    }
  }
  return 0;
}

}  // namespace
}  // namespace motley

int main(int argc, char** argv) {
  motley::Options options;
  CLI::App app("Speed of mul_mat against the roofs of this machine");
  app.add_option("--types", options.types)->delimiter(',');
  app.add_option("--shapes", options.shapes, "output x inner dimension")->delimiter(',');
  app.add_option("--rows", options.rows, "M")->delimiter(',');
  app.add_option("--threads", options.threads);
  app.add_option("--level", options.level);
  app.add_option("--path", options.path, "auto, direct or expand");
  app.add_option("--quantile", options.quantile, "of the times of single calls");
  CLI11_PARSE(app, argc, argv);
  return motley::Run(options);
}
