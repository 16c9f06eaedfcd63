#include <algorithm>
#include <cmath>

#include "kernels/dequantize/dequantize.h"
#include "kernels/dequantize/half.h"
#include "kernels/registry.h"
#include "tests/backends/opencl/rig.h"

namespace motley {
namespace {

class OpsOnOpenCl : public ClKernels {
 protected:
  const CpuKernelTable& scalar = CpuKernels(CpuLevel::kScalar);
  SoloTeam team;

  // A tensor of `cols` values in rows of `cols + gap`.
  static Tensor Strided(std::vector<float>& values, int64_t rows, int64_t cols, int64_t gap) {
    Tensor t = DenseTensor(values, rows, cols);
    t.stride = cols + gap;
    return t;
  }

  void ExpectNear(const std::vector<float>& device, const std::vector<float>& host,
                  float tolerance) {
    ASSERT_EQ(device.size(), host.size());
    for (size_t i = 0; i < host.size(); ++i) {
      ASSERT_NEAR(device[i], host[i], tolerance * std::max(1.0f, std::fabs(host[i]))) << "at " << i;
    }
  }

  // What the device left in the memory of `on_device`, which mirrors `host`.
  std::vector<float> Fetch(const Tensor& on_device, const Tensor& host) {
    std::vector<float> values(static_cast<size_t>(host.rows * host.stride));
    Tensor copy = host;
    copy.handle = values.data();
    rig->Download(on_device, copy);
    return values;
  }
};

TEST_P(OpsOnOpenCl, GetRowsGivesTheBitsOfTheFileForEveryType) {
  for (const TensorType type : WeightTypes()) {
    const int64_t rows = 37, cols = IsQuantized(type) ? 256 : 45;
    const auto file = RandomWeights(type, rows, cols, 4);
    std::vector<int32_t> ids = {36, 0, 16, 15, 36};
    std::vector<float> y(5 * (cols + 3), -7), expected = y, row(cols);
    op::GetRows<Tensor> call{.table = rig->Load(type, rows, cols, file, WeightUse::kMatrixAndRows),
                             .ids = rig->Upload(IndexTensor(ids)),
                             .y = Strided(y, 5, cols, 3),
                             .scale = 3.0f};
    const Tensor host = call.y;
    call.y = rig->Upload(host);
    rig->Launch(call);
    for (size_t m = 0; m < ids.size(); ++m) {
      DequantizeRow(type, file.data() + ids[m] * RowBytes(type, cols), cols, row.data());
      for (int64_t k = 0; k < cols; ++k) expected[m * (cols + 3) + k] = 3.0f * row[k];
    }
    EXPECT_EQ(Fetch(call.y, host), expected) << Traits(type).name;
  }
}

TEST_P(OpsOnOpenCl, GetRowsPicksRowsOfActivations) {
  auto table = RandomValues(7 * 20, 1);
  std::vector<int32_t> ids = {6, 0, 3};
  std::vector<float> y(3 * 19);
  op::GetRows<Tensor> host{
      .table = Strided(table, 7, 19, 1), .ids = IndexTensor(ids), .y = DenseTensor(y, 3, 19)};
  op::GetRows<Tensor> call{rig->Upload(host.table), rig->Upload(host.ids), rig->Upload(host.y)};
  scalar.get_rows(host, team);
  rig->Launch(call);
  EXPECT_EQ(Fetch(call.y, host.y), y);
}

TEST_P(OpsOnOpenCl, RmsNormNormsEveryHeadOfARowInPlace) {
  for (const int64_t width : {64, 23, 576}) {
    auto x = RandomValues(5 * (3 * width + 2), 1), weight = RandomValues(width, 2);
    op::RmsNorm<Tensor> host{.x = Strided(x, 5, 3 * width, 2),
                             .weight = DenseTensor(weight, 1, width)};
    host.y = host.x;
    op::RmsNorm<Tensor> call = host;
    call.x = call.y = rig->Upload(host.x);
    call.weight = rig->Upload(host.weight);
    scalar.rms_norm(host, team);
    rig->Launch(call);
    ExpectNear(Fetch(call.y, host.y), x, 2e-6f);
  }
}

TEST_P(OpsOnOpenCl, RopeKeepsItsPrecisionAtLargePositions) {
  for (const RopeStyle style : {RopeStyle::kNeox, RopeStyle::kInterleaved}) {
    for (const bool with_factors : {false, true}) {
      auto x = RandomValues(4 * 3 * 80, 1);
      std::vector<int32_t> positions = {0, 1, 4097, 131071};
      std::vector<float> factors(32);
      for (size_t i = 0; i < 32; ++i) factors[i] = 0.7f + static_cast<float>(i) * 1.3f;
      op::Rope<Tensor> host{.x = DenseTensor(x, 4, 3 * 80), .positions = IndexTensor(positions)};
      if (with_factors) host.factors = DenseTensor(factors, 1, 32);
      host.head_dim = 80, host.rotated = 64, host.base = 50000, host.frequency_scale = 0.25f;
      host.style = style;
      op::Rope<Tensor> call = host;
      call.x = rig->Upload(host.x);
      call.positions = rig->Upload(host.positions);
      if (with_factors) call.factors = rig->Upload(host.factors);
      scalar.rope(host, team);
      rig->Launch(call);
      ExpectNear(Fetch(call.x, host.x), x, 1e-6f);
    }
  }
}

TEST_P(OpsOnOpenCl, AddAndGluTakeRowsApartAndResultsInPlace) {
  for (const int64_t cols : {64, 21}) {
    auto a = RandomValues(3 * (cols + 5), 1), b = RandomValues(3 * cols, 2);
    for (float& value : a) value *= 6;
    op::Add<Tensor> host{Strided(a, 3, cols, 5), DenseTensor(b, 3, cols), DenseTensor(b, 3, cols)};
    op::Add<Tensor> call{rig->Upload(host.a), rig->Upload(host.b), {}};
    call.y = call.b;
    scalar.add(host, team);
    rig->Launch(call);
    EXPECT_EQ(Fetch(call.y, host.y), b);
    for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh}) {
      auto up = RandomValues(3 * cols, 3);
      op::Glu<Tensor> glu{Strided(a, 3, cols, 5), DenseTensor(up, 3, cols),
                          DenseTensor(up, 3, cols), activation};
      op::Glu<Tensor> device{rig->Upload(glu.gate), rig->Upload(glu.up), {}, activation};
      device.y = device.up;
      scalar.glu(glu, team);
      rig->Launch(device);
      ExpectNear(Fetch(device.y, glu.y), up, 2e-6f);
    }
  }
}

// Two sequences in one batch over a cache of 12 blocks, written by store_kv and read by attention:
//   sequence 0: positions 0..32 in blocks 5 0 9 2 7     sequence 1: positions 0..9 in blocks 11 3
struct Paged {
  static constexpr int kBlocks = 12, kBlockTokens = 7, kHeads = 6, kKvHeads = 2;
  int head_dim;
  TensorType type;
  std::vector<int32_t> table = {5, 0, 9, 2, 7, 11, 3, -1, -1, -1};
  std::vector<int32_t> positions, sequences, slots;

  Paged(int head_dim, TensorType type) : head_dim(head_dim), type(type) {
    for (int p = 0; p < 33; ++p) Add(0, p);
    for (int p = 0; p < 10; ++p) Add(1, p);
  }
  void Add(int sequence, int p) {
    positions.push_back(p);
    sequences.push_back(sequence);
    slots.push_back(table[static_cast<size_t>(sequence * 5 + p / kBlockTokens)] * kBlockTokens +
                    p % kBlockTokens);
  }
  int64_t rows() const { return static_cast<int64_t>(positions.size()); }
  int64_t cache_rows() const { return int64_t{kBlocks} * kKvHeads * kBlockTokens; }
  Tensor Cache(std::vector<uint8_t>& memory) const {
    memory.assign(static_cast<size_t>(cache_rows() * RowBytes(type, head_dim)), 0);
    return {.handle = memory.data(),
            .type = type,
            .rows = cache_rows(),
            .cols = head_dim,
            .stride = head_dim};
  }
  op::StoreKv<Tensor> Store(std::vector<float>& k, std::vector<float>& v, const Tensor& k_cache,
                            const Tensor& v_cache) {
    return {DenseTensor(k, rows(), kKvHeads * head_dim),
            DenseTensor(v, rows(), kKvHeads * head_dim),
            IndexTensor(slots),
            k_cache,
            v_cache,
            kKvHeads,
            head_dim,
            kBlockTokens};
  }
};

TEST_P(OpsOnOpenCl, StoreKvAndAttentionAgreeWithScalarOverAPagedCache) {
  for (const TensorType type : {TensorType::kF16, TensorType::kF32}) {
    for (const int head_dim : {64, 40, 9}) {
      for (const int window : {0, 11}) {
        Paged paged(head_dim, type);
        const int64_t m = paged.rows();
        auto k = RandomValues(m * 2 * head_dim, 1), v = RandomValues(m * 2 * head_dim, 2);
        auto q = RandomValues(m * 6 * head_dim, 3);
        std::vector<float> y(q.size(), -7);
        std::vector<uint8_t> k_memory, v_memory;
        auto store = paged.Store(k, v, paged.Cache(k_memory), paged.Cache(v_memory));
        Tensor table = IndexTensor(paged.table);
        table.rows = 2, table.cols = table.stride = 5;
        op::Attention<Tensor> host{DenseTensor(q, m, 6 * head_dim),
                                   store.k_cache,
                                   store.v_cache,
                                   IndexTensor(paged.positions),
                                   IndexTensor(paged.sequences),
                                   table,
                                   DenseTensor(y, m, 6 * head_dim),
                                   6,
                                   2,
                                   head_dim,
                                   7,
                                   window,
                                   0.3f};
        auto device_store = store;
        auto call = host;
        device_store.ForEach([&](Tensor& t) { t = rig->Upload(t); });
        call.ForEach([&](Tensor& t) { t = rig->Upload(t); });
        call.k_cache = device_store.k_cache, call.v_cache = device_store.v_cache;
        scalar.store_kv(store, team);
        scalar.attention(host, team);
        rig->Launch(device_store);
        rig->Launch(call);
        std::vector<uint8_t> k_device(k_memory.size());
        Tensor copy = store.k_cache;
        copy.handle = k_device.data();
        rig->Download(device_store.k_cache, copy);
        EXPECT_EQ(k_device, k_memory) << Traits(type).name << " head_dim " << head_dim;
        ExpectNear(Fetch(call.y, host.y), y, 3e-6f);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, OpsOnOpenCl, testing::Values("item", "group"));

}  // namespace
}  // namespace motley
