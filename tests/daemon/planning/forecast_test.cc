#include "daemon/planning/forecast.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

// embed and layer.0 on dev0, layer.1 and the head on dev1; a layer takes 10 us and 1 us a row.
PlannedModel TwoStages() {
  PlannedModel planned;
  planned.workload = {.layers = 2, .hidden_bytes_per_token = 1000};
  planned.workload.items = {{"embed", 1, 0}, {"layer.0", 1}, {"layer.1", 1}, {"head", 1}};
  for (const char* id : {"dev0", "dev1"}) {
    DeviceProfile& device = planned.machine.devices.emplace_back();
    device.id = id;
    device.layer_times = PhaseTables{{{10, 20}, {110, 120}}, {{1, 11}, {101, 111}}};
  }
  planned.machine.default_link = {"", "", 5, 1e9};
  planned.plan.pools = OnePipeline({{"dev0", 0, 1}, {"dev1", 2, 3}}, 100, 1);
  return planned;
}

TEST(Forecast, IsAllStagesAndTheFramesBetweenThem) {
  const auto forecast = Forecast::Make(TwoStages());
  ASSERT_TRUE(forecast.ok()) << forecast.error().message;
  // Three items of cost 1, a frame to the first stage, and a boundary of 5 us and 1 us a row.
  EXPECT_DOUBLE_EQ(forecast->PromptUs(50), 3 * 60 + 5 + 5 + 50);
  EXPECT_DOUBLE_EQ(forecast->PromptUs(25, 2), forecast->PromptUs(50));
  EXPECT_DOUBLE_EQ(forecast->GenerateUs(4, 8, 100), 4 * (3 * 18 + 5 + 5 + 8.0));
}

TEST(Forecast, WantsThePlansDevices) {
  PlannedModel planned = TwoStages();
  planned.plan.pools = OnePipeline({{"dev9", 0, 3}}, 100, 1);
  EXPECT_FALSE(Forecast::Make(planned).ok());
}

}  // namespace
}  // namespace motley
