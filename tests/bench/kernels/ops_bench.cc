// Speed of the ops around mul_mat as a share of what this machine can do at most, measured in the
// same run:
//   ops_bench [--threads 2] [--level vnni] [--context 512,2048]
// Attention of a prefill against the roof of float multiply-adds (causal work only: half the
// square), of a decode step against the read roof of its cache; the others in microseconds for a
// row and for 512.
#include <sched.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "backends/cpu/pool.h"
#include "kernels/registry.h"
#include "tests/bench/kernels/roof.h"
#include "tests/kernels/random_weights.h"

namespace motley {
namespace {

constexpr double kQuantile = 0.1;  // sees through a busy machine
constexpr int kBlockTokens = 32;

struct Options {
  std::string level = CpuLevelName(BestCpuLevel());
  std::vector<int> contexts = {512, 2048};
  int threads = 2;
};

// Twelve independent sums in named registers, see roof.cc. Runs where AVX-512 is.
void FmaLoop(int64_t loops) {
  for (int64_t i = 0; i < loops; ++i) {
    asm volatile(
        "vfmadd231ps %%zmm12, %%zmm13, %%zmm0\n vfmadd231ps %%zmm12, %%zmm13, %%zmm1\n"
        "vfmadd231ps %%zmm12, %%zmm13, %%zmm2\n vfmadd231ps %%zmm12, %%zmm13, %%zmm3\n"
        "vfmadd231ps %%zmm12, %%zmm13, %%zmm4\n vfmadd231ps %%zmm12, %%zmm13, %%zmm5\n"
        "vfmadd231ps %%zmm12, %%zmm13, %%zmm6\n vfmadd231ps %%zmm12, %%zmm13, %%zmm7\n"
        "vfmadd231ps %%zmm12, %%zmm13, %%zmm8\n vfmadd231ps %%zmm12, %%zmm13, %%zmm9\n"
        "vfmadd231ps %%zmm12, %%zmm13, %%zmm10\n vfmadd231ps %%zmm12, %%zmm13, %%zmm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11");
  }
}

double FmaGflops(Team& team) {
  if (!CpuHasLevel(CpuLevel::kAvx512)) return 0;
  constexpr int64_t kLoops = 50000;
  const double seconds =
      TimeCalls(25, kQuantile, [&](int64_t) { team.Run([](int) { FmaLoop(kLoops); }); });
  return 12.0 * kLoops * 32 * team.threads() / seconds / 1e9;
}

struct Model {
  const char* name;
  int heads, kv_heads, head_dim;
};

// A sequence of `context` tokens in an F16 cache of several layers, larger than the caches of the
// CPU.
class AttentionBench {
 public:
  AttentionBench(const Model& model, int context)
      : model_(model), blocks_(static_cast<size_t>((context + kBlockTokens - 1) / kBlockTokens)) {
    std::iota(blocks_.begin(), blocks_.end(), 0);
    layer_bytes_ =
        static_cast<int64_t>(blocks_.size()) * kBlockTokens * model.kv_heads * model.head_dim * 2;
    layers_ = std::max<int64_t>(1, (int64_t{64} << 20) / layer_bytes_);
    cache_.resize(static_cast<size_t>(layers_ * layer_bytes_));
    for (size_t i = 0; i < cache_.size(); i += 2) {  // halves from 1 to 2
      cache_[i] = static_cast<uint8_t>(i * 37);
      cache_[i + 1] = 0x3C;
    }
  }

  // Seconds for rows [first, context) at once.
  double Seconds(int first, int context, const CpuKernelTable& kernels, Team& team) {
    std::vector<int32_t> positions(static_cast<size_t>(context - first));
    std::iota(positions.begin(), positions.end(), first);
    std::vector<int32_t> sequences(positions.size());
    const auto rows = static_cast<int64_t>(positions.size());
    const int64_t cols = int64_t{model_.heads} * model_.head_dim;
    auto q = RandomValues(rows * cols, 1), y = q;
    op::Attention<Tensor> call{DenseTensor(q, rows, cols),
                               {},
                               {},
                               IndexTensor(positions),
                               IndexTensor(sequences),
                               IndexTensor(blocks_),
                               DenseTensor(y, rows, cols)};
    call.block_table.rows = 1;
    call.block_table.cols = call.block_table.stride = static_cast<int64_t>(blocks_.size());
    call.heads = model_.heads, call.kv_heads = model_.kv_heads, call.head_dim = model_.head_dim;
    call.block_tokens = kBlockTokens;
    call.scale = 1.0f / std::sqrt(static_cast<float>(model_.head_dim));
    return TimeCalls(rows == 1 ? 300 : 20, kQuantile, [&](int64_t i) {
      call.k_cache = Cache(2 * i % layers_);
      call.v_cache = Cache((2 * i + 1) % layers_);
      kernels.attention(call, team);
    });
  }

 private:
  Tensor Cache(int64_t layer) {
    Tensor t;
    t.handle = cache_.data() + layer * layer_bytes_;
    t.type = TensorType::kF16;
    t.rows = layer_bytes_ / 2 / model_.head_dim;
    t.cols = t.stride = model_.head_dim;
    return t;
  }

  Model model_;
  std::vector<int32_t> blocks_;
  int64_t layer_bytes_ = 0, layers_ = 0;
  std::vector<uint8_t> cache_;
};

void BenchAttention(const Options& options, const CpuKernelTable& kernels, Team& team) {
  const double flops_roof = FmaGflops(team) * 1e9;
  const auto memory = std::vector<uint8_t>(size_t{128} << 20, 1);
  const double read_roof =
      ReadGBps(team, kQuantile, memory.data(), static_cast<int64_t>(memory.size())) * 1e9;
  std::printf("roofs: %.0f Gflop/s, %.1f GB/s\n", flops_roof / 1e9, read_roof / 1e9);
  for (const Model& model : {Model{"9/3 heads of 64", 9, 3, 64},
                             {"4/1 heads of 256", 4, 1, 256},
                             {"32/8 heads of 128", 32, 8, 128}}) {
    for (const int context : options.contexts) {
      AttentionBench bench(model, context);
      const double prefill = bench.Seconds(0, context, kernels, team);
      const double pairs = 0.5 * context * (context + 1.0) * model.heads;
      const double flops = pairs * 4 * model.head_dim;
      const double decode = bench.Seconds(context - 1, context, kernels, team);
      const double bytes = 4.0 * context * model.kv_heads * model.head_dim;
      std::printf(
          "attention %-18s context %5d: prefill %8.0f us %4.0f %%  decode %6.1f us %4.0f %%\n",
          model.name, context, prefill * 1e6, 100 * flops / prefill / flops_roof, decode * 1e6,
          100 * bytes / decode / read_roof);
    }
  }
}

void BenchRows(const CpuKernelTable& kernels, Team& team) {
  for (const int64_t rows : {1, 512}) {
    auto x = RandomValues(rows * 2048, 1), y = RandomValues(rows * 2048, 2), z = y;
    auto weight = RandomValues(2048, 3);
    std::vector<int32_t> positions(static_cast<size_t>(rows), 777);
    const Tensor a = DenseTensor(x, rows, 2048), b = DenseTensor(y, rows, 2048),
                 out = DenseTensor(z, rows, 2048);
    const auto report = [&](const char* name, const std::function<void()>& body) {
      const double seconds = TimeCalls(rows == 1 ? 500 : 30, kQuantile, [&](int64_t) { body(); });
      std::printf("%-8s %3d x 2048: %8.2f us\n", name, static_cast<int>(rows), seconds * 1e6);
    };
    report("add", [&] { kernels.add({a, b, out}, team); });
    report("glu", [&] { kernels.glu({a, b, out}, team); });
    report("rms_norm", [&] { kernels.rms_norm({a, DenseTensor(weight, 1, 2048), out}, team); });
    op::Rope<Tensor> rope{a, IndexTensor(positions), {}};
    rope.head_dim = rope.rotated = 64;
    report("rope", [&] { kernels.rope(rope, team); });
  }
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Speed of attention and the smaller ops against this machine's roofs");
  app.add_option("--level", options.level);
  app.add_option("--threads", options.threads);
  app.add_option("--context", options.contexts)->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  const auto level = CpuLevelFromName(options.level);
  if (!level || !CpuHasLevel(*level)) {
    std::fprintf(stderr, "this CPU has no level %s\n", options.level.c_str());
    return 2;
  }
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof cpus, &cpus);
  Pool pool(options.threads, cpus);
  BenchAttention(options, CpuKernels(*level), pool);
  BenchRows(CpuKernels(*level), pool);
  return 0;
}

}  // namespace
}  // namespace motley

int main(int argc, char** argv) { return motley::Main(argc, argv); }
