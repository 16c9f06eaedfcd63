#include "backends/discover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "backends/discover/inventory_json.h"
#include "tests/backends/discover/recorded_tree.h"

namespace motley {
namespace {

using testing::ElementsAre;

DeviceInfo Info(const std::string& id, const std::string& kind, const std::string& pci) {
  DeviceInfo info;
  info.id = id;
  info.kind = kind;
  info.backend = kind == "cpu" ? "cpu" : "opencl";
  info.pci = pci;
  return info;
}

Inventory Read(std::string_view text, std::vector<DeviceInfo> probed = {}) {
  const RecordedTree machine(text);
  auto inventory = Discover(machine.root(), std::move(probed));
  EXPECT_TRUE(inventory.ok());
  return inventory.ok() ? inventory.ReleaseValue() : Inventory();
}

std::vector<std::string> Ids(const Inventory& inventory) {
  std::vector<std::string> ids;
  for (const InventoryEntry& entry : inventory.devices) ids.push_back(entry.info.id);
  return ids;
}

constexpr std::string_view kBox =
    "node 0 cpus=0-7 kib=1024\n"
    "pci 0000:21:00.0 10de:2204 030000 driver=nvidia numa=0 link=4x16 max=4x16\n"
    "pci 10000:01:00.0 10de:2684 030000\npci 0000:41:00.0 1002:73bf 030000\n"
    "pci 0000:03:00.0 1a03:2000 030000\npci 0000:81:00.0 10ee:5004 120000\n"
    "pci 0000:81:00.1 10ee:5005 120000\npci 0000:61:00.0 8086:56a0 030000\n"
    "pci 0000:a1:00.0 1e52:401e 120000\npci 0000:00:1f.2 8086:a102 010601\n"
    "pci 0000:21:00.1 10de:1aef 040300\n";

TEST(Discover, NamesWhatNoBackendAnsweredForByItsMaker) {
  const Inventory inventory = Read(kBox);
  EXPECT_THAT(Ids(inventory), ElementsAre("acc0", "amd0", "cpu0", "fpga0", "fpga1", "intel0", "nv0",
                                          "nv1", "vga0"));
  for (const InventoryEntry& entry : inventory.devices) {
    if (entry.info.kind == "cpu") continue;
    ASSERT_TRUE(entry.function.has_value()) << entry.info.id;
    EXPECT_EQ(entry.info.pci, entry.function->address);
    EXPECT_NE(entry.info.state, "ready") << entry.info.id;
    EXPECT_NE(entry.info.reason, "") << entry.info.id;
    EXPECT_NE(entry.info.fix, "") << entry.info.id;
  }
}

TEST(Discover, JoinsAProbeWithItsFunctionHoweverItWritesTheAddress) {
  const Inventory inventory =
      Read(kBox, {Info("ocl0", "gpu", "00000000:21:00.0"), Info("ocl1", "gpu", "")});
  EXPECT_THAT(Ids(inventory), ElementsAre("acc0", "amd0", "cpu0", "fpga0", "fpga1", "intel0", "nv0",
                                          "ocl0", "ocl1", "vga0"));
  const InventoryEntry& card = inventory.devices[7];
  ASSERT_TRUE(card.function.has_value());
  EXPECT_EQ(card.info.pci, "0000:21:00.0");
  EXPECT_EQ(card.info.driver_name, "nvidia");
  EXPECT_EQ(card.info.numa_node, 0);
  EXPECT_EQ(card.info.state, "ready") << card.info.reason;
  EXPECT_FALSE(inventory.devices[8].function.has_value());
  EXPECT_EQ(inventory.devices[6].info.pci, "10000:01:00.0");
}

TEST(Discover, NeverGivesAnIdTwice) {
  const Inventory inventory =
      Read(kBox, {Info("nv0", "gpu", "10000:01:00.0"), Info("amd0", "other", "")});
  EXPECT_THAT(Ids(inventory), ElementsAre("acc0", "amd0", "amd1", "cpu0", "fpga0", "fpga1",
                                          "intel0", "nv0", "nv1", "vga0"));
  EXPECT_EQ(inventory.devices[8].info.pci, "0000:21:00.0");
}

TEST(Discover, OrdersTenAfterTwo) {
  std::vector<DeviceInfo> probed;
  for (int i : {10, 2, 0}) probed.push_back(Info("cpu" + std::to_string(i), "cpu", ""));
  EXPECT_THAT(Ids(Read("", probed)), ElementsAre("cpu0", "cpu2", "cpu10"));
}

TEST(Discover, TakesTheCpusOfTheProbeWhereThereIsOne) {
  DeviceInfo cpu = Info("cpu0", "cpu", "");
  cpu.name = "as probed";
  const Inventory inventory = Read("node 0 cpus=0-3 kib=1\nnode 1 cpus=4-7 kib=1\n", {cpu});
  ASSERT_THAT(Ids(inventory), ElementsAre("cpu0"));
  EXPECT_EQ(inventory.devices[0].info.name, "as probed");
}

TEST(Discover, NeedsAFolderWithSysOrProc) {
  EXPECT_EQ(Discover("/nonexistent", {}).error().code, Code::kNotFound);
  const RecordedTree machine;
  EXPECT_EQ(Discover(machine.root() + "/sys", {}).error().code, Code::kNotFound);
}

TEST(Discover, ReadsThisMachine) {
  const auto inventory = Discover("", {});
  ASSERT_TRUE(inventory.ok());
  ASSERT_FALSE(inventory->devices.empty());
  EXPECT_GT(inventory->facts.cpus.at(0).memory_bytes, 0u);
}

TEST(InventoryToJson, SaysUnknownAsNullAndTheWorstCaseByItsCode) {
  const auto json = InventoryToJson(Read(kBox, {Info("ocl0", "gpu", "0000:21:00.0")}));
  EXPECT_EQ(json["schema"], "motley.devices/1");
  const auto& card = json["devices"][7];
  EXPECT_EQ(card["id"], "ocl0");
  EXPECT_EQ(card["link"]["max_lanes"], 16);
  EXPECT_TRUE(card["link"]["slot_lanes"].is_null());
  EXPECT_TRUE(card["code"].is_null());
  const auto& vga = json["devices"].back();
  EXPECT_TRUE(vga["code"].get<std::string>().starts_with("MOT-")) << vga;
  EXPECT_EQ(vga["state"]["reason"], vga["findings"][0]["reason"]);
  EXPECT_TRUE(vga["link"].is_null());
}

}  // namespace
}  // namespace motley
