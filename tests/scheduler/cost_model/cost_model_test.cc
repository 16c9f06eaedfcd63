#include "scheduler/cost_model/cost_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/scheduler/cost_model/small_box.h"

namespace motley {
namespace {

CostModel ModelOf(const MachineProfile& machine, const Workload& workload = TwoLayers(),
                  double prompt = 100) {
  auto model = CostModel::Make(machine, workload, prompt);
  EXPECT_TRUE(model.ok()) << model.error().message;
  return model.ReleaseValue();
}

double StageUs(const CostModel& model, const StepShape& shape, int first = 0, int last = 3) {
  return model.Stage(0, first, last)->Step(shape).us;
}

DeviceProfile WithItems() {
  DeviceProfile device;
  device.item_times = ItemTimes{{1, 10, 20, 5}, {2, 3, 4, 6}};
  return device;
}

DeviceProfile WithLayers() {
  DeviceProfile device;
  device.layer_times = PhaseTables{{{100, 50}, {200, 90}}, {{1, 30}, {4, 36}, {8, 60}}};
  return device;
}

DeviceProfile WithPeak() {
  DeviceProfile device;
  device.peak = PeakRates{.bytes_per_s = 1e9, .f16_flops = 1e10, .launch_us = 3};
  return device;
}

TEST(StepShape, CountsWhatRowsAttendTo) {
  const StepShape chunk = StepShape::Prompt(4, 10);
  EXPECT_EQ(chunk.prefill_pairs, 11 + 12 + 13 + 14);
  EXPECT_EQ(chunk.logit_rows, 1);
  const StepShape both = chunk + StepShape::Decode(3, 100);
  EXPECT_EQ(both.decode_context, 300);
  EXPECT_EQ(both.logit_rows, 4);
}

TEST(ItemTimes, AreExactForTheirPromptAndOneSequenceAndGrowWithRows) {
  const CostModel model = ModelOf(One(WithItems()));
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Prompt(100)), 36);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Prompt(50)), 18);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Decode(1, 7)), 15);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Decode(8, 7)), 8 * 15);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Prompt(50) + StepShape::Decode(2, 9), 1, 2),
                   15 + 2 * 7);
  EXPECT_DOUBLE_EQ(model.Item(0, 2, StepShape::Decode(3, 1)).us, 12);
}

TEST(LayerTimes, AreReadAtEachPhasesRowsAndAdded) {
  const CostModel model = ModelOf(One(WithLayers()));
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Prompt(150)), 6 * 70);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Prompt(300)), 6 * 130);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Decode(2, 500)), 6 * 32);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Decode(12, 500)), 6 * 84);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Prompt(100) + StepShape::Decode(4, 9), 1, 2),
                   3 * (50 + 36));
}

TEST(Peak, ReadsWeightsAndContextAndComputesRows) {
  Workload workload = TwoLayers();
  workload.attention_flops_per_pair = 10;
  const CostModel model = ModelOf(One(WithPeak()), workload);
  // 1 MB at 1000 B/us; 2 sequences of 500 tokens of 100 B.
  EXPECT_DOUBLE_EQ(model.Item(0, 1, StepShape::Decode(2, 500)).us, 3 + 1000 + 100);
  // 100 rows of 1 Mflop and 5050 pairs of 10 flop at 1e4 flop/us.
  EXPECT_DOUBLE_EQ(model.Item(0, 1, StepShape::Prompt(100)).us, 3 + 10000 + 5.05);
  EXPECT_DOUBLE_EQ(model.Item(0, 0, StepShape::Prompt(100)).us, 3 + 100);
  EXPECT_DOUBLE_EQ(model.Item(0, 3, StepShape::Prompt(100)).us, 3 + 2000);
  EXPECT_DOUBLE_EQ(model.Item(0, 3, StepShape::Decode(8, 1)).us, 3 + 3200);
}

TEST(Peak, AMixedStepReadsItsWeightsOnce) {
  const CostModel model = ModelOf(One(WithPeak()));
  const StepShape mixed = StepShape::Prompt(4) + StepShape::Decode(4, 0);
  EXPECT_DOUBLE_EQ(model.Item(0, 1, mixed).us, 3 + 1000 + 0.25 + 0.15);
}

TEST(Peak, AWindowBoundsWhatIsAttendedTo) {
  Workload workload = TwoLayers();
  workload.items[2].window_tokens = 100;
  const CostModel model = ModelOf(One(WithPeak()), workload);
  EXPECT_DOUBLE_EQ(model.Item(0, 1, StepShape::Decode(2, 500)).us, 1103);
  EXPECT_DOUBLE_EQ(model.Item(0, 2, StepShape::Decode(2, 500)).us, 1023);
  EXPECT_DOUBLE_EQ(model.Item(0, 2, StepShape::Decode(2, 50)).us, 1013);
}

TEST(Experts, OnlyThoseThatSomeRowTakesAreRead) {
  Workload workload = TwoLayers();
  workload.kv_bytes_per_token_layer = 0;
  workload.items[1].experts = {.count = 8, .per_token = 2, .bytes = 1e5};
  const CostModel model = ModelOf(One(WithPeak()), workload);
  EXPECT_DOUBLE_EQ(model.Item(0, 1, StepShape::Decode(1, 1)).us, 3 + 200 + 200);
  const double two = 8 * (1 - 0.75 * 0.75);
  EXPECT_DOUBLE_EQ(model.Item(0, 1, StepShape::Decode(2, 1)).us, 3 + 200 + 100 * two);
}

TEST(Ops, RowsOfBothPhasesAreOneCallAndAttentionIsPricedApart) {
  DeviceProfile device;
  device.ops = {{"mul_mat", "Q4_0", "1-11", 5, 1e4, 1e9, 4},
                {"mul_mat", "Q4_0", "12-", 7, 1e9, 1e4, 4},
                {"attention.decode", "F16", "1-", 2, 1e3, 1e12, 8},
                {"attention.prefill", "F16", "1-", 3, 1e12, 1e3, 8}};
  Workload workload = TwoLayers();
  workload.attention_flops_per_pair = 10;
  const CostModel model = ModelOf(One(device), workload);
  const double decode_attention = 2 + (2 * 50 * 100 + 2 * 2 * 1000) / 1e3;
  EXPECT_NEAR(model.Item(0, 1, StepShape::Decode(2, 50)).us, 5 + 100 + decode_attention, 1e-3);
  const StepShape mixed = StepShape::Prompt(10) + StepShape::Decode(2, 50);
  EXPECT_NEAR(model.Item(0, 1, mixed).us, 7 + 12 * 1e6 / 1e4 + decode_attention + 3 + 55 * 10 / 1e3,
              1e-3);
}

TEST(Ops, ALayersSmallOpsAddWhereTheyWereMeasured) {
  DeviceProfile device;
  device.ops = {{"mul_mat", "Q4_0", "1-", 5, 1e4, 1e9, 4}};
  const CostModel without = ModelOf(One(device));
  device.ops.push_back({"rms_norm", "", "1-", 2, 1e3, 1e12, 1});
  device.ops.push_back({"add", "", "1-", 1, 1e3, 1e12, 1});
  const CostModel with = ModelOf(One(device));
  const auto added = [&](int item, const StepShape& shape) {
    return with.Item(0, item, shape).us - without.Item(0, item, shape).us;
  };
  // Two norms of 2 x 1000 B a row and two adds of 3 x 1000 B at 1000 B/us.
  EXPECT_NEAR(added(1, StepShape::Decode(4, 9)), 2 * (2 + 8) + 2 * (1 + 12), 1e-6);
  EXPECT_NEAR(added(3, StepShape::Decode(4, 9)), 0, 1e-9);
}

// A device whose step of r prompt rows after p tokens and b sequences of c tokens takes
// 100 + 10 (r + b) + 0.2 pairs + 7 b + 0.3 b c us in 2 layers, of which 40 whatever its layers.
StepTimes Steps() {
  const auto prompt = [](double r) { return 100 + 10 * r + 0.2 * r * (r + 1) / 2; };
  const auto decode = [](double b, double c) { return 100 + 10 * b + b * (7 + 0.3 * c); };
  StepTimes times;
  times.layers = 2;
  times.step_us = 40;
  times.attention_us_per_row_token = 0.2;
  for (const double r : {16, 64, 512}) times.prefill.emplace_back(r, prompt(r));
  for (const double c : {16, 1000}) times.decode_by_past.emplace_back(c, decode(1, c));
  for (const double b : {1, 4, 16}) times.decode_by_batch.emplace_back(b, decode(b, 64));
  times.batch_past = 64;
  times.head = {{1, 90}, {4, 120}};
  return times;
}

TEST(StepTimes, SayWhatEveryMixOfRowsAndContextTakes) {
  DeviceProfile device;
  device.step_times = Steps();
  Workload workload = TwoLayers();
  for (WorkloadItem& item : workload.items) item.cost = 1;
  const CostModel model = ModelOf(One(device), workload);
  for (const double rows : {0, 20, 300, 700}) {
    for (const double past : {0, 512, 4096}) {
      for (const double batch : {0, 1, 3, 16, 40}) {
        for (const double context : {10, 900, 5000}) {
          const StepShape shape = StepShape::Prompt(rows, past) + StepShape::Decode(batch, context);
          if (rows + batch == 0) continue;
          const double wanted =
              100 + 10 * (rows + batch) + 0.2 * shape.prefill_pairs + batch * (7 + 0.3 * context);
          EXPECT_NEAR(StageUs(model, shape, 1, 2), wanted, 1e-6)
              << rows << " after " << past << ", " << batch << " with " << context;
        }
      }
    }
  }
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Decode(2, 9), 3, 3), 100);
  EXPECT_DOUBLE_EQ(StageUs(model, StepShape::Decode(1, 16), 0, 3),
                   StageUs(model, StepShape::Decode(1, 16), 1, 2) + 50);
}

// The device of Steps(), but layer.1 attends to 100 tokens at most: a mean layer attends to half of
// the context and to half of what the window leaves of it.
TEST(StepTimes, AttentionIsThatOfEachLayersOwnWindow) {
  Workload workload = TwoLayers();
  workload.items[2].cost = 1;
  workload.items[2].window_tokens = 100;
  const auto layer_us = [](double c) { return (100 + 10 + 7 - 40 + 0.3 * c) / 2; };
  const auto attended = [](double c) { return std::min(c, 100.0); };
  DeviceProfile device;
  device.step_times = Steps();
  for (auto& [c, us] : device.step_times->decode_by_past) {
    us = 40 + layer_us(c) + layer_us(attended(c));
  }
  const CostModel model = ModelOf(One(device), workload);
  for (const double c : {16, 500, 3000}) {
    EXPECT_NEAR(model.Item(0, 1, StepShape::Decode(1, c)).us, layer_us(c), 1e-9);
    EXPECT_NEAR(model.Item(0, 2, StepShape::Decode(1, c)).us, layer_us(attended(c)), 1e-9);
  }
}

TEST(StepTimes, ABatchsAttentionIsWhatWasMeasuredOfABatch) {
  DeviceProfile device;
  device.step_times = Steps();
  device.step_times->batch_attention_us_per_token = 0.1;
  const CostModel model = ModelOf(One(device));
  const auto per_token = [&](double batch) {
    return (model.Item(0, 1, StepShape::Decode(batch, 2000)).us -
            model.Item(0, 1, StepShape::Decode(batch, 1000)).us) *
           2 / (batch * 1000);
  };
  EXPECT_NEAR(per_token(1), 0.3, 1e-9);
  EXPECT_NEAR(per_token(8), 0.1, 1e-9);
  EXPECT_NEAR(per_token(16), 0.1, 1e-9);
  EXPECT_GT(per_token(3), 0.1);
}

TEST(CostModel, AStepsClassesAreItsTime) {
  DeviceProfile steps;
  steps.step_times = Steps();
  for (const DeviceProfile& device : {WithItems(), WithLayers(), WithPeak(), steps}) {
    const auto stage = ModelOf(One(device)).Stage(0, 0, 3);
    for (const StepShape& shape : {StepShape::Prompt(100), StepShape::Decode(3, 77)}) {
      double sum = 0;
      for (const double part : stage->Classes(shape)) sum += part;
      EXPECT_NEAR(sum, stage->Step(shape).us, 1e-9);
    }
  }
}

TEST(StepTimes, MoreRowsThanAChunkAreSeveralPasses) {
  DeviceProfile device;
  device.step_times = Steps();
  const CostModel whole = ModelOf(One(device));
  device.step_times->chunk_rows = 256;
  const CostModel chunked = ModelOf(One(device));
  const auto layer = [](const CostModel& model, const StepShape& shape) {
    return model.Item(0, 1, shape).us;
  };
  double sum = 0;
  for (const double past : {0, 256}) sum += layer(whole, StepShape::Prompt(256, past));
  sum += layer(whole, StepShape::Prompt(88, 512));
  EXPECT_NEAR(layer(chunked, StepShape::Prompt(600)), sum, 1e-9);
  EXPECT_GT(sum, layer(whole, StepShape::Prompt(600)) + 50);
}

TEST(CostModel, AStageIsItsItemsAndOncePerStep) {
  DeviceProfile steps;
  steps.step_times = Steps();
  for (const DeviceProfile& device : {WithItems(), WithLayers(), WithPeak(), steps}) {
    const CostModel model = ModelOf(One(device));
    for (const StepShape& shape : {StepShape::Prompt(100), StepShape::Decode(3, 77),
                                   StepShape::Prompt(30, 8) + StepShape::Decode(5, 300)}) {
      Estimate sum = model.OncePerStep(0);
      for (int i = 0; i < 4; ++i) sum = sum + model.Item(0, i, shape);
      const Estimate stage = model.Stage(0, 0, 3)->Step(shape);
      EXPECT_NEAR(stage.us, sum.us, 1e-9 * sum.us);
      EXPECT_NEAR(stage.sigma_us, sum.sigma_us, 1e-9 * sum.us);
    }
  }
}

TEST(CostModel, TheBestSourceIsTheLeastUncertain) {
  const auto share = [](const DeviceProfile& device, const StepShape& shape) {
    const Estimate e = ModelOf(One(device)).Stage(0, 0, 3)->Step(shape);
    return e.sigma_us / e.us;
  };
  DeviceProfile fitted;
  fitted.ops = {{"mul_mat", "Q4_0", "", 5, 1e4, 1e9, 4}};
  EXPECT_NEAR(share(WithItems(), StepShape::Decode(1, 1)), 0.05, 1e-9);
  EXPECT_GT(share(WithItems(), StepShape::Decode(8, 1)), 0.2);
  EXPECT_NEAR(share(WithLayers(), StepShape::Decode(8, 1)), 0.05, 1e-9);
  EXPECT_NEAR(share(WithLayers(), StepShape::Decode(80, 1)), 0.10, 1e-9);
  EXPECT_NEAR(share(fitted, StepShape::Decode(8, 1)), 0.08, 1e-9);
  EXPECT_NEAR(share(WithPeak(), StepShape::Decode(8, 1)), 0.50, 1e-9);
}

TEST(Estimate, OneDeviceIsOffByOneShareAndTwoAreOffApart) {
  const Estimate a{100, 3}, b{200, 4};
  EXPECT_DOUBLE_EQ((a + b).sigma_us, 7);
  EXPECT_DOUBLE_EQ(a.AndApart(b).sigma_us, 5);
  EXPECT_DOUBLE_EQ(a.AndApart(b).us, 300);
}

TEST(CostModel, AStreamedStageIsNoFasterThanItsWeightsCome) {
  MachineProfile machine = One(WithLayers());
  const StepShape one = StepShape::Decode(1, 1);
  EXPECT_TRUE(std::isinf(ModelOf(machine).Stage(0, 0, 3, StageMode::kStreamed)->Step(one).us));
  machine.links = {{"host", "dev0", 10, 1e9}};
  const CostModel model = ModelOf(machine);
  // 2 layers of 1 MB and a head of 2 MB at 1000 B/us; the embedding is only looked up.
  EXPECT_DOUBLE_EQ(model.Stage(0, 0, 3, StageMode::kStreamed)->Step(one).us, 4010);
  const StepShape large = StepShape::Prompt(1e5);
  EXPECT_EQ(model.Stage(0, 0, 3, StageMode::kStreamed)->Step(large).us,
            model.Stage(0, 0, 3)->Step(large).us);
}

TEST(CostModel, BoundariesMoveTheHiddenStateAndTransfersTheLayersMemory) {
  const CostModel model = ModelOf(Two(WithItems()));
  EXPECT_DOUBLE_EQ(model.Boundary(0, 1, 100), 105);
  EXPECT_EQ(model.Boundary(1, 1, 100), 0);
  EXPECT_DOUBLE_EQ(model.KvTransfer(0, 1, 0, 3, 50), 5 + 2 * 50 * 100 / 1e3);
  EXPECT_EQ(model.KvTransfer(1, 1, 0, 3, 50), 0);
}

TEST(CostModel, APhaseThatNobodyMeasuredIsNotKnown) {
  DeviceProfile device;
  device.layer_times = PhaseTables{{}, {{1, 30}}};
  const CostModel model = ModelOf(One(device));
  EXPECT_TRUE(model.Knows(0, Phase::kDecode));
  EXPECT_FALSE(model.Knows(0, Phase::kPrefill));
  EXPECT_FALSE(model.Knows(0, Phase::kBoth));
  EXPECT_TRUE(std::isnan(StageUs(model, StepShape::Prompt(10))));
  EXPECT_FALSE(std::isnan(StageUs(model, StepShape::Decode(10, 1))));
}

TEST(CostModel, NamesTheNumberThatIsWrong) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto field = [](const DeviceProfile& device, const Workload& workload = TwoLayers()) {
    const auto model = CostModel::Make(One(device), workload, 100);
    return model.ok() ? "none" : model.error().field;
  };
  EXPECT_EQ(field({}), "dev0");
  DeviceProfile device = WithLayers();
  device.layer_times->decode[1].second = nan;
  EXPECT_EQ(field(device), "dev0.layer_times.decode");
  device = WithLayers();
  device.layer_times->prefill[1].first = 100;
  EXPECT_EQ(field(device), "dev0.layer_times.prefill");
  device = {};
  device.step_times = Steps();
  device.step_times->head.clear();
  EXPECT_EQ(field(device), "dev0.step_times");
  device = WithPeak();
  device.peak->bytes_per_s = 0;
  EXPECT_EQ(field(device), "dev0.peak");
  Workload workload = TwoLayers();
  workload.items[1].experts = {.count = 2, .per_token = 3, .bytes = 1};
  EXPECT_EQ(field(WithPeak(), workload), "layer.0");
  EXPECT_EQ(CostModel::Make(One(WithPeak()), TwoLayers(), -1).error().field, "prompt_tokens");
}

}  // namespace
}  // namespace motley
