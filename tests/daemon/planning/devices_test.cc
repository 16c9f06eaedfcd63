#include "daemon/planning/devices.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace motley {
namespace {

// A machine where no OpenCL loader was found: the CPU is ready, and nothing else can be seen.
TEST(DevicesToJson, SaysWhatKeepsDevicesFromBeingSeen) {
  Inventory machine;
  machine.devices.emplace_back().info.state = "ready";
  const nlohmann::json all = DevicesToJson(machine, {0});
  ASSERT_EQ(all["findings"].size(), 1u) << all;
  EXPECT_EQ(all["findings"][0]["code"], "MOT-130");
  EXPECT_NE(all["findings"][0]["fix"], "");
}

TEST(DevicesToJson, SlowMemoryKeepsNoDeviceFromBeingSeen) {
  Inventory machine;
  machine.facts.libraries = {"/usr/lib/libOpenCL.so.1", "/etc/OpenCL/vendors/pocl.icd"};
  machine.facts.attributes["sys/kernel/mm/transparent_hugepage/enabled"] = "always madvise [never]";
  EXPECT_TRUE(DevicesToJson(machine, {})["findings"].empty());
}

}  // namespace
}  // namespace motley
