// What a plan says about itself and what is said when there is none, on boxes small enough to check
// by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/partition/memory.h"
#include "scheduler/partition/partitioner.h"

namespace motley {
namespace {

using ::testing::HasSubstr;

// embed 100 B, four layers of 100 B with 10 tokens x 1 B of KV, head 100 B: 640 B in all.
Workload FourLayers() {
  Workload workload{.layers = 4,
                    .hidden_bytes_per_token = 1000,
                    .kv_bytes_per_token_layer = 1,
                    .context_tokens = 10};
  workload.items.push_back({"embed", 100});
  for (int i = 0; i < 4; ++i) workload.items.push_back({"layer." + std::to_string(i), 100});
  workload.items.push_back({"head", 100});
  return workload;
}

DeviceProfile Device(const std::string& id, double usable, double us_per_item) {
  DeviceProfile device{.id = id, .usable_bytes = usable};
  device.item_times =
      ItemTimes{std::vector<double>(6, 10 * us_per_item), std::vector<double>(6, us_per_item)};
  return device;
}

// Every link: 5 us + 1000 B at 1000 B/us = 6 us per token.
MachineProfile Machine(std::vector<DeviceProfile> devices) {
  return {.devices = std::move(devices), .default_link = {"", "", 5, 1e9}};
}

const Objective kTokens{ObjectiveKind::kLatency, 0, 100};
const Objective kBottleneck{ObjectiveKind::kBottleneck, 0, 100};

TEST(Explain, SaysWhatAnUnusedDeviceWouldCost) {
  // Alone on fast: 100 x 6 x 10 us = 6 ms. With one item on slow: 100 x (50 + 30 + 6) = 8.6 ms.
  const auto plan =
      Partition(Machine({Device("fast", 1e6, 10), Device("slow", 1e6, 30)}), FourLayers(), kTokens);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_DOUBLE_EQ(plan->proof.value, 6000);
  ASSERT_EQ(plan->unused.size(), 1u);
  EXPECT_EQ(plan->unused[0].reason,
            "adding slow would cost 2.6 ms more per request: best plan with it 8.6 ms");
  EXPECT_EQ(plan->proof.binding, "fast compute");
}

TEST(Explain, ListsThePlansWithoutAndOnlyOn) {
  // 3 items fit on fast (330 B): 100 x (3 x 10 + 3 x 30 + 6) = 12.6 ms.
  const auto plan =
      Partition(Machine({Device("fast", 330, 10), Device("slow", 1e6, 30)}), FourLayers(), kTokens);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_DOUBLE_EQ(plan->proof.value, 12600);
  EXPECT_EQ(plan->proof.binding, "fast memory");
  ASSERT_EQ(plan->alternatives.size(), 2u);
  EXPECT_EQ(plan->alternatives[0].change, "without fast");
  EXPECT_DOUBLE_EQ(plan->alternatives[0].value, 18000);
  EXPECT_EQ(plan->alternatives[1].change, "only slow");
}

TEST(Explain, ADeviceTooSmallForAnyItemIsUnusedForThatReason) {
  const auto plan =
      Partition(Machine({Device("fast", 1e6, 10), Device("tiny", 64, 1)}), FourLayers(), kTokens);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->unused[0].reason, "no item fits: the smallest needs 100 B, 64 B usable");
}

TEST(Explain, PredictsBothPhasesAndTheMemoryOfEachDevice) {
  const auto plan = Partition(Machine({Device("only", 1e6, 10)}), FourLayers(),
                              {ObjectiveKind::kLatency, 50, 100});
  ASSERT_TRUE(plan.ok());
  EXPECT_DOUBLE_EQ(plan->predicted.ttft_s, 600e-6);
  EXPECT_DOUBLE_EQ(plan->predicted.itl_s, 60e-6);
  EXPECT_DOUBLE_EQ(plan->predicted.prefill_tokens_per_s, 50 / 600e-6);
  EXPECT_DOUBLE_EQ(plan->predicted.memory_bytes.at("only"), 640);
  EXPECT_DOUBLE_EQ(plan->pools[0].replicas[0].kv_tokens, 10);
}

TEST(Explain, ASlowLinkBindsTheBottleneck) {
  MachineProfile machine = Machine({Device("a", 400, 10), Device("b", 400, 10)});
  machine.default_link.latency_us = 500;
  const auto plan = Partition(machine, FourLayers(), kBottleneck);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  // Everything on one device would take 60 us: its memory is what stands in the way.
  EXPECT_THAT(plan->proof.binding, HasSubstr(" memory"));
  const auto forced = Partition(Machine({Device("a", 1e6, 10), Device("b", 1e6, 10)}), FourLayers(),
                                kBottleneck, DeviceUse::kAll);
  ASSERT_TRUE(forced.ok());
  EXPECT_DOUBLE_EQ(forced->proof.value, 36);
  EXPECT_EQ(forced->stages()[0].last_item, 2);
}

TEST(Shortage, NamesTheOnlyDeviceAndTheContextThatFits) {
  const auto plan = Partition(Machine({Device("cpu0", 630, 10)}), FourLayers(), kTokens);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::kOutOfMemory);
  EXPECT_EQ(plan.error().field, "cpu0");
  EXPECT_EQ(plan.error().message,
            "the model needs 640 B (weights 600 B, KV cache 40 B for 10 tokens); cpu0 has 630 B "
            "usable: 10 B short");
  // 60 us a token, whatever the change; three ways at most.
  EXPECT_EQ(plan.error().remedy,
            "a context of at most 7 tokens fits (--ctx 7): 16667 tok/s; KV memory of half the size "
            "fits: 16667 tok/s; streaming the weights from the host fits (--allow-streaming): "
            "16667 tok/s");
}

TEST(Shortage, NamesTheTotalWhenEverythingTogetherIsTooSmall) {
  const auto plan =
      Partition(Machine({Device("a", 250, 10), Device("b", 300, 10)}), FourLayers(), kTokens);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr("a and b have 550 B usable together: 90 B short"));
  // a holds the embedding and a layer at 210 B: b has to hold the other 430 B.
  EXPECT_THAT(plan.error().remedy, HasSubstr("; 130 B more on b would make it fit: "));
}

TEST(Shortage, NamesTheItemThatNoDeviceHolds) {
  Workload workload = FourLayers();
  workload.items.back().weight_bytes = 5000;
  const auto plan =
      Partition(Machine({Device("a", 4000, 10), Device("b", 3000, 10)}), workload, kTokens);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr("head alone needs 4.9 KiB, the largest device a"));
}

TEST(Shortage, EndsWhereBytesAreTooManyToCount) {
  Workload workload = FourLayers();
  workload.items[2].weight_bytes = 1e30;
  const auto plan = Partition(Machine({Device("a", 500, 10)}), workload, kTokens);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::kOutOfMemory);
}

TEST(Shortage, SaysWhenOnlyTheSplitIsToBlame) {
  // 100 110 170 170 110 100: both halves are 380 B, and a has 379.
  Workload workload = FourLayers();
  workload.context_tokens = 0;
  for (const int item : {1, 4}) workload.items[item].weight_bytes = 110;
  for (const int item : {2, 3}) workload.items[item].weight_bytes = 170;
  const auto plan =
      Partition(Machine({Device("a", 379, 10), Device("b", 385, 10)}), workload, kTokens);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr("no split in contiguous runs fits"));
  MachineProfile larger = Machine({Device("a", 379, 10), Device("b", 385, 10)});
  EXPECT_THAT(plan.error().remedy, HasSubstr("B more on b would make it fit"));
  const std::string remedy = plan.error().remedy;
  const size_t number = remedy.rfind(' ', remedy.find(" B more on b") - 1);
  larger.devices[1].usable_bytes += std::stod(remedy.substr(number + 1));
  EXPECT_TRUE(Partition(larger, workload, kTokens).ok());
}

TEST(Shortage, UsingAllDevicesCanFailWhereFewerFit) {
  const MachineProfile machine = Machine({Device("a", 1e6, 10), Device("tiny", 64, 1)});
  const auto plan = Partition(machine, FourLayers(), kTokens, DeviceUse::kAll);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::kOutOfMemory);
  EXPECT_THAT(plan.error().message, HasSubstr("no item fits on tiny"));
}

TEST(Evaluate, RefusesWhatIsNotAPlacement) {
  const MachineProfile machine = Machine({Device("a", 1e6, 10), Device("b", 350, 10)});
  const auto code = [&](const std::vector<Stage>& stages) {
    const auto plan = Evaluate(machine, FourLayers(), kTokens, stages);
    return plan.ok() ? std::optional<Code>() : plan.error().code;
  };
  EXPECT_EQ(code({{"a", 0, 5}}), std::nullopt);
  EXPECT_EQ(code({{"a", 0, 2}, {"b", 3, 5}}), std::nullopt);
  EXPECT_EQ(code({{"c", 0, 5}}), Code::kNotFound);
  EXPECT_EQ(code({{"a", 0, 4}}), Code::kInvalidArgument);
  EXPECT_EQ(code({{"a", 0, 6}}), Code::kInvalidArgument);
  EXPECT_EQ(code({{"a", 1, 5}}), Code::kInvalidArgument);
  EXPECT_EQ(code({{"a", 0, 2}, {"b", 2, 5}}), Code::kInvalidArgument);
  EXPECT_EQ(code({{"a", 0, 2}, {"a", 3, 5}}), Code::kInvalidArgument);
  EXPECT_EQ(code({}), Code::kInvalidArgument);
  EXPECT_EQ(code({{"a", 0, 1}, {"b", 2, 5}}), Code::kOutOfMemory);
}

TEST(RunBytes, CountsATiedItemOnceWhereItsTwinIs) {
  Workload workload = FourLayers();
  workload.items.back().tied_with = "embed";
  const RunBytes bytes(workload);
  EXPECT_EQ(bytes(0, 6), 540);
  EXPECT_EQ(bytes(0, 5), 540);
  EXPECT_EQ(bytes(1, 6), 540);
  EXPECT_EQ(bytes(5, 6), 100);
  EXPECT_EQ(bytes(1, 3), 220);
}

TEST(RunsWithin, FindsRunsThatFitOnlyBecauseTheirTwinIsInside) {
  Workload workload = FourLayers();
  workload.items.back() = {"head", 900, 1, 0, "embed"};
  const FittingRuns runs = RunsWithin(RunBytes(workload), 600);
  EXPECT_TRUE(runs.Fits(0, 6));   // 540 B: the head's bytes are the embedding's
  EXPECT_FALSE(runs.Fits(1, 6));  // 1340 B
  EXPECT_FALSE(runs.Fits(5, 6));
  EXPECT_TRUE(runs.Fits(0, 5));
  EXPECT_TRUE(runs.Any());
}

}  // namespace
}  // namespace motley
