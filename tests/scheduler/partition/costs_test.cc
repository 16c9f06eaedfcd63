#include "scheduler/partition/costs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace motley {
namespace {

// embed 1 kB, two layers of 1 MB and 1 Mflop per token, head 2 MB and 4 Mflop
Workload TwoLayers() {
  Workload workload{.layers = 2, .hidden_bytes_per_token = 1000};
  workload.items = {{"embed", 1e3, 0, 0},
                    {"layer.0", 1e6, 1, 1e6},
                    {"layer.1", 1e6, 2, 1e6},
                    {"head", 2e6, 3, 4e6}};
  return workload;
}

MachineProfile One(DeviceProfile device) {
  device.id = "dev0";
  device.usable_bytes = 1e9;
  return {.devices = {std::move(device)}};
}

std::vector<double> Decode(const DeviceProfile& device) {
  const auto costs = PriceItems(One(device), TwoLayers(), {});
  EXPECT_TRUE(costs.ok()) << costs.error().message;
  return costs.ok() ? costs->devices[0].decode : std::vector<double>();
}

TEST(Interpolate, IsLinearBetweenPointsAndAlongTheNearestTwoBeyond) {
  const TimeTable table = {{2, 10}, {4, 20}, {8, 60}};
  EXPECT_DOUBLE_EQ(Interpolate(table, 2), 10);
  EXPECT_DOUBLE_EQ(Interpolate(table, 3), 15);
  EXPECT_DOUBLE_EQ(Interpolate(table, 4), 20);
  EXPECT_DOUBLE_EQ(Interpolate(table, 6), 40);
  EXPECT_DOUBLE_EQ(Interpolate(table, 10), 80);
  EXPECT_DOUBLE_EQ(Interpolate(table, 1), 5);
}

TEST(Interpolate, NeverGoesBelowZeroAndOnePointIsAConstant) {
  EXPECT_DOUBLE_EQ(Interpolate({{10, 1}, {20, 11}}, 1), 0);
  EXPECT_DOUBLE_EQ(Interpolate({{10, 7}}, 1000), 7);
}

TEST(PriceItems, PrefersTheMoreExactSource) {
  DeviceProfile device;
  device.peak = PeakRates{.bytes_per_s = 1e12};
  EXPECT_DOUBLE_EQ(Decode(device)[1], 1);
  device.ops = {{"mul_mat", "q4_1", "decode", 5, 1e5, 1e9, 4}};
  EXPECT_NEAR(Decode(device)[1], 15, 1e-9);
  device.layer_times = PhaseTables{{{512, 100}}, {{1, 30}}};
  EXPECT_DOUBLE_EQ(Decode(device)[1], 30);
  device.item_times = ItemTimes{{1, 2, 3, 4}, {5, 6, 7, 8}};
  EXPECT_DOUBLE_EQ(Decode(device)[1], 6);
}

TEST(PriceItems, TheRegimeThatHoldsTheRowsPricesAnItem) {
  DeviceProfile device;
  // As the profiler saves them: decode has 1 row, the prompt 100, its head 1.
  device.ops = {{"mul_mat", "Q4_0", "1-11", 5, 1e4, 1e9, 4},
                {"mul_mat", "Q4_0", "12-", 7, 1e9, 1e4, 4}};
  const auto costs = PriceItems(One(device), TwoLayers(), {.prompt_tokens = 100});
  ASSERT_TRUE(costs.ok()) << costs.error().message;
  EXPECT_FALSE(costs->devices[0].prior);
  EXPECT_NEAR(costs->devices[0].decode[1], 5 + 1e6 / 1e4, 1e-3);
  EXPECT_NEAR(costs->devices[0].prefill[1], 7 + 100 * 1e6 / 1e4, 1e-3);
  EXPECT_NEAR(costs->devices[0].prefill[3], 5 + 2e6 / 1e4, 1e-3);
}

TEST(PriceItems, AnItemsOwnTypePricesItAndTheSlowestWhereItHasNone) {
  DeviceProfile device;
  device.ops = {{"mul_mat", "Q4_0", "1-", 0, 1e5, 1e12, 4},
                {"mul_mat", "F32", "1-", 0, 1e3, 1e12, 4}};
  Workload workload = TwoLayers();
  workload.items[1].type = "Q4_0";
  workload.items[3].type = "Q2_K";
  const auto costs = PriceItems(One(device), workload, {});
  ASSERT_TRUE(costs.ok()) << costs.error().message;
  EXPECT_NEAR(costs->devices[0].decode[1], 10, 1e-3);
  EXPECT_NEAR(costs->devices[0].decode[2], 1000, 1e-3);
  EXPECT_NEAR(costs->devices[0].decode[3], 2000, 1e-3);
}

TEST(PriceItems, LayersAttendWhereTheWorkloadSaysWithWhatArithmetic) {
  DeviceProfile device;
  device.ops = {{"mul_mat", "Q4_0", "1-", 0, 1e4, 1e12, 4},
                {"attention.decode", "F16", "1-1000", 2, 1e3, 1e12, 8},
                {"attention.decode", "F16", "1001-", 900, 1e3, 1e12, 8},
                {"attention.prefill", "F16", "1-", 3, 1e12, 1e3, 8}};
  Workload workload = TwoLayers();
  workload.kv_bytes_per_token_layer = 100;
  const Objective objective = {.prompt_tokens = 100, .output_tokens = 20};
  const auto without = PriceItems(One(device), workload, objective);
  workload.attention_flops_per_pair = 10;
  const auto with = PriceItems(One(device), workload, objective);
  ASSERT_TRUE(without.ok() && with.ok());
  const auto added = [&](const std::vector<double> ItemCosts::*phase, size_t item) {
    return (with->devices[0].*phase)[item] - (without->devices[0].*phase)[item];
  };
  // 110 tokens of context of 100 bytes, and a row of 1000 bytes in and out.
  EXPECT_NEAR(added(&ItemCosts::decode, 1), 2 + (110 * 100 + 2000) / 1e3, 1e-3);
  EXPECT_NEAR(added(&ItemCosts::prefill, 2), 3 + 10 * 100 * 101 / 2 / 1e3, 1e-3);
  EXPECT_EQ(added(&ItemCosts::decode, 0), 0);
  EXPECT_EQ(added(&ItemCosts::prefill, 3), 0);
}

TEST(PriceItems, RowsThatNoRegimeHoldsArePricedFromTheDataSheet) {
  DeviceProfile device;
  device.ops = {{"mul_mat", "Q4_0", "2-11", 5, 1e4, 1e9, 4}};
  EXPECT_FALSE(PriceItems(One(device), TwoLayers(), {}).ok());
  device.peak = PeakRates{.bytes_per_s = 1e12};
  const auto costs = PriceItems(One(device), TwoLayers(), {});
  ASSERT_TRUE(costs.ok());
  EXPECT_TRUE(costs->devices[0].prior);
  EXPECT_DOUBLE_EQ(costs->devices[0].decode[1], 1);
}

TEST(PriceItems, CostScalesLayerTimes) {
  DeviceProfile device;
  device.layer_times = PhaseTables{{{512, 100}}, {{1, 30}}};
  EXPECT_EQ(Decode(device), (std::vector<double>{0, 30, 60, 90}));
}

TEST(PriceItems, DataSheetsGiveTheRooflineAndAreMarked) {
  DeviceProfile device;
  // 1 MB at 1e9 B/s is 1000 us; 100 tokens x 1 Mflop at 1e10 flop/s 10000 us.
  device.peak = PeakRates{.bytes_per_s = 1e9, .f16_flops = 1e10, .launch_us = 3};
  const auto costs = PriceItems(One(device), TwoLayers(), {.prompt_tokens = 100});
  ASSERT_TRUE(costs.ok());
  EXPECT_TRUE(costs->devices[0].prior);
  EXPECT_DOUBLE_EQ(costs->devices[0].decode[1], 1003);
  EXPECT_DOUBLE_EQ(costs->devices[0].prefill[1], 10003);
  // The embedding is a gather of 1000 B per token; the head sees one row of the prompt.
  EXPECT_DOUBLE_EQ(costs->devices[0].decode[0], 4);
  EXPECT_DOUBLE_EQ(costs->devices[0].prefill[0], 103);
  EXPECT_DOUBLE_EQ(costs->devices[0].prefill[3], 2003);
}

TEST(PriceItems, MeasuredDevicesAreNotPriors) {
  DeviceProfile device;
  device.layer_times = PhaseTables{{{512, 100}}, {{1, 30}}};
  device.peak = PeakRates{.bytes_per_s = 1e9};
  EXPECT_FALSE(PriceItems(One(device), TwoLayers(), {})->devices[0].prior);
}

TEST(PriceItems, APromptThatIsNotAskedForNeedsNoPrefillTimes) {
  DeviceProfile device;
  device.item_times = ItemTimes{{}, {1, 2, 3, 4}};
  EXPECT_TRUE(PriceItems(One(device), TwoLayers(), {.prompt_tokens = 0}).ok());
  EXPECT_TRUE(PriceItems(One(device), TwoLayers(), {ObjectiveKind::kBottleneck, 512, 128}).ok());
  const auto refused = PriceItems(One(device), TwoLayers(), {.prompt_tokens = 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("dev0: prefill"), std::string::npos);
}

TEST(PriceItems, RefusesWrongLengthsNegativesAndNaN) {
  DeviceProfile device;
  device.item_times = ItemTimes{{1, 2, 3, 4}, {1, 2, 3}};
  const auto shorter = PriceItems(One(device), TwoLayers(), {});
  ASSERT_FALSE(shorter.ok());
  EXPECT_EQ(shorter.error().field, "dev0.item_times_us.decode");
  EXPECT_NE(shorter.error().message.find("3 numbers, the workload has 4"), std::string::npos);
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    device.item_times->decode = {1, 2, bad, 4};
    const auto refused = PriceItems(One(device), TwoLayers(), {});
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("item 2"), std::string::npos);
  }
}

TEST(PriceItems, RefusesNoDevicesNoItemsAndNegativeCounts) {
  DeviceProfile device;
  device.layer_times = PhaseTables{{{512, 100}}, {{1, 30}}};
  EXPECT_EQ(PriceItems({}, TwoLayers(), {}).error().field, "devices");
  EXPECT_EQ(PriceItems(One(device), {}, {}).error().field, "items");
  EXPECT_EQ(PriceItems(One(device), TwoLayers(), {.prompt_tokens = -1}).error().field,
            "prompt_tokens");
  EXPECT_EQ(PriceItems(One(device), TwoLayers(), {.output_tokens = -1}).error().field,
            "output_tokens");
  EXPECT_EQ(PriceItems(One({}), TwoLayers(), {}).error().code, Code::kInvalidArgument);
}

TEST(PriceItems, APairWithoutAnyLinkIsAnError) {
  DeviceProfile device;
  device.layer_times = PhaseTables{{{512, 100}}, {{1, 30}}};
  MachineProfile machine = One(device);
  machine.devices.push_back(machine.devices[0]);
  machine.devices[1].id = "dev1";
  machine.links = {{"dev0", "dev1", 10, 1e9}};
  const auto refused = PriceItems(machine, TwoLayers(), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().field, "default_link");
  EXPECT_NE(refused.error().message.find("dev1->dev0"), std::string::npos);
  machine.default_link = {"", "", 5, 1e9};
  const auto costs = PriceItems(machine, TwoLayers(), {.prompt_tokens = 100});
  ASSERT_TRUE(costs.ok());
  EXPECT_DOUBLE_EQ(costs->decode_link[0 * 2 + 1], 11);    // 10 us + 1000 B at 1000 B/us
  EXPECT_DOUBLE_EQ(costs->prefill_link[1 * 2 + 0], 105);  // 5 us + 100 x 1000 B
}

}  // namespace
}  // namespace motley
