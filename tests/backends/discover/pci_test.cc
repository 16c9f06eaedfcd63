#include "backends/discover/sysfs/pci.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/discover/sysfs/ids.h"
#include "backends/discover/sysfs/pci_address.h"
#include "tests/backends/discover/recorded_tree.h"

namespace motley {
namespace {

using testing::ElementsAre;

std::vector<PciFunction> Read(std::string_view text) {
  const RecordedTree machine(text);
  return ReadPciFunctions(Tree(machine.root()));
}

TEST(ParsePciAddress, ReadsEveryWayOfWritingOne) {
  for (const char* text : {"0000:21:00.1", "21:00.1", "00000000:21:00.1"})
    EXPECT_EQ(ToString(ParsePciAddress(text).value()), "0000:21:00.1") << text;
  EXPECT_EQ(ToString(ParsePciAddress("FFFF1234:0A:1f.7").value()), "ffff1234:0a:1f.7");
}

TEST(ParsePciAddress, RefusesWhatIsNone) {
  for (const char* text : {"", ":", ".", "0000:21:00", "0000:21:20.0", "0000:21:00.8",
                           "123456789:21:00.0", "0000:221:00.0", "0000:21:0x.0", "0000:-1:00.0",
                           "1:0000:21:00.0", "pci0000:00", "0000:21:00.0 "})
    EXPECT_EQ(ParsePciAddress(text), std::nullopt) << text;
}

TEST(LinkGeneration, KnowsTheSpeedsAndNothingElse) {
  EXPECT_EQ(LinkGeneration("2.5 GT/s PCIe"), 1);
  EXPECT_EQ(LinkGeneration("8 GT/s"), 3);
  EXPECT_EQ(LinkGeneration("32.0 GT/s PCIe"), 5);
  for (const char* text : {"Unknown", "", "99 GT/s", "16.0"}) EXPECT_EQ(LinkGeneration(text), 0);
}

//  root port 00:01.0 (gen 5 x16) -- card 01:00.0 (can gen 4 x16, trained gen 4 x8)
TEST(ReadPciFunctions, ReadsIdsLinkSlotDriverAndNode) {
  const auto functions = Read(
      "pci 0000:00:01.0 8086:460d 060400 link=4x8 max=5x16\n"
      "pci 0000:00:01.0/0000:01:00.0 10de:2204 030000 driver=nvidia link=4x8 max=4x16 numa=1 "
      "boot_vga=1 subsystem_vendor=0x1043 subsystem_device=0x87b3 drm/card0= drm/renderD128=\n");
  ASSERT_EQ(functions.size(), 2u);
  const PciFunction& card = functions[1];
  EXPECT_EQ(card.address, "0000:01:00.0");
  EXPECT_EQ(card.vendor, kNvidia);
  EXPECT_EQ(card.device, 0x2204);
  EXPECT_EQ(card.subsystem_vendor, 0x1043);
  EXPECT_EQ(card.class_code, 0x030000u);
  EXPECT_EQ(card.name, "NVIDIA GeForce RTX 3090");
  EXPECT_EQ(card.driver, "nvidia");
  EXPECT_EQ(card.numa_node, 1);
  EXPECT_THAT(card.bridges, ElementsAre("0000:00:01.0"));
  EXPECT_EQ(card.link.generation, 4);
  EXPECT_EQ(card.link.lanes, 8);
  EXPECT_EQ(card.link.max_lanes, 16);
  EXPECT_EQ(card.link.slot_generation, 5);
  EXPECT_EQ(card.link.slot_lanes, 16);
  EXPECT_EQ(card.attributes.at("boot_vga"), "1");
  EXPECT_EQ(card.attributes.at("drm"), "card0 renderD128");
}

//  root port (gen 4 x8) -- switch of the card (gen 4 x8 of x16) -- its port -- GPU ("x16")
TEST(ReadPciFunctions, TakesTheLinkOfACardWithASwitchOnBoardFromItsEdge) {
  const auto functions = Read(
      "pci 0000:00:01.0 1022:1483 060400 link=4x8 max=4x8\n"
      "pci 0000:00:01.0/0000:01:00.0 1002:1478 060400 link=3x8 max=4x16\n"
      "pci 0000:00:01.0/0000:01:00.0/0000:02:00.0 1002:1479 060400 link=4x16 max=4x16\n"
      "pci 0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.0 1002:73bf 030000 link=4x16 "
      "max=4x16\n");
  ASSERT_EQ(functions.size(), 4u);
  const PciLink& link = functions[3].link;
  EXPECT_EQ(link.generation, 3);
  EXPECT_EQ(link.lanes, 8);
  EXPECT_EQ(link.max_lanes, 16);
  EXPECT_EQ(link.slot_generation, 4);
  EXPECT_EQ(link.slot_lanes, 8);
}

TEST(ReadPciFunctions, OrdersByAddressWithDomainsOf32Bits) {
  const auto functions = Read(
      "pci 10000:00:04.0 10de:2204 030200\npci 0000:0a:00.0 10de:2204 030200\n"
      "pci 0000:02:00.0 10de:2204 030200\npci ffff0001:00:00.0 10de:2204 030200\n");
  std::vector<std::string> addresses;
  for (const PciFunction& function : functions) addresses.push_back(function.address);
  EXPECT_THAT(addresses,
              ElementsAre("0000:02:00.0", "0000:0a:00.0", "10000:00:04.0", "ffff0001:00:00.0"));
}

TEST(ReadPciFunctions, FallsBackOnTheConfigurationHeader) {
  RecordedTree machine(
      "sys/bus/pci/devices/0000:05:00.0/config: " + std::string("\xde\x10\x04\x22....\xa1") +
      "x\x02\x03" + std::string(20, '.'));
  const auto functions = ReadPciFunctions(Tree(machine.root()));
  ASSERT_EQ(functions.size(), 1u);
  EXPECT_EQ(functions[0].vendor, kNvidia);
  EXPECT_EQ(functions[0].device, 0x2204);
  EXPECT_EQ(functions[0].class_code, 0x030278u);
}

TEST(ReadPciFunctions, KnowsAnNvidiaCardByItsDriverAlone) {
  const auto functions = Read(
      "sys/bus/pci/devices/0004:05:00.0/class: 0x030000\n"
      "proc/driver/nvidia/gpus/0004:05:00.0/information: Model: \\t\\t Tesla V100-SXM2-16GB\n"
      "proc/driver/nvidia/gpus/0004:05:00.0/numa_status: Node:      255\\nSize:      3f0000000\n");
  ASSERT_EQ(functions.size(), 1u);
  EXPECT_EQ(functions[0].vendor, kNvidia);
  EXPECT_EQ(functions[0].driver, "nvidia");
  EXPECT_EQ(functions[0].attributes.at("nvidia_numa_node"), "255");
}

TEST(ReadPciFunctions, SurvivesLies) {
  const auto functions = Read(
      "sys/bus/pci/devices/0000:01:00.0/vendor/\n"
      "sys/bus/pci/devices/0000:01:00.0/class: 0x030200\n"
      "sys/bus/pci/devices/0000:01:00.0/numa_node: 99999999999999999999\n"
      "sys/bus/pci/devices/0000:01:00.0/current_link_width: -4\n"
      "sys/bus/pci/devices/0000:01:00.0/max_link_width: 255\n"
      "sys/bus/pci/devices/0000:01:00.0/driver -> \n"
      "sys/bus/pci/devices/0000:02:00.0 -> 0000:02:00.0\n"
      "sys/bus/pci/devices/garbage/class: 0x030200\n"
      "sys/bus/pci/devices/0000:03:00.0: a file\n");
  ASSERT_EQ(functions.size(), 1u);
  EXPECT_EQ(functions[0].numa_node, -1);
  EXPECT_EQ(functions[0].link.lanes, 0);
  EXPECT_EQ(functions[0].link.max_lanes, 0);
  EXPECT_EQ(functions[0].name, "0000:0000");
}

TEST(RoleOf, TellsDevicesFromTheRest) {
  EXPECT_EQ(RoleOf(kNvidia, 0x9999, 0x030200), PciRole::kGpu);
  EXPECT_EQ(RoleOf(kAmd, 0x7408, 0x120000), PciRole::kGpu);
  EXPECT_EQ(RoleOf(kAmd, 0x515e, 0x030000), PciRole::kDisplay);
  EXPECT_EQ(RoleOf(0x1a03, 0x2000, 0x030000), PciRole::kDisplay);
  EXPECT_EQ(RoleOf(0x1af4, 0x1050, 0x038000), PciRole::kDisplay);
  EXPECT_EQ(RoleOf(kXilinx, 0x5005, 0x120000), PciRole::kFpga);
  EXPECT_EQ(RoleOf(kXilinx, 0x1234, 0x058000), PciRole::kFpga);
  EXPECT_EQ(RoleOf(0x1d0f, 0xf010, 0x058000), PciRole::kFpga);
  EXPECT_EQ(RoleOf(0x1e52, 0x401e, 0x120000), PciRole::kAccelerator);
  EXPECT_EQ(RoleOf(0x1bcf, 0x001c, 0x0b4000), PciRole::kAccelerator);
  EXPECT_EQ(RoleOf(kNvidia, 0x1aef, 0x040300), PciRole::kNone);  // its sound
  EXPECT_EQ(RoleOf(0x1d0f, 0x0553, 0x058000), PciRole::kNone);   // a memory controller
  EXPECT_EQ(RoleOf(kNvidia, 0x1af1, 0x068000), PciRole::kNone);  // NVSwitch
}

TEST(FpgaPartOf, TellsManagementUserAndGolden) {
  EXPECT_EQ(FpgaPartOf(kXilinx, 0x5004), FpgaPart::kManagement);
  EXPECT_EQ(FpgaPartOf(kXilinx, 0x5005), FpgaPart::kUser);
  EXPECT_EQ(FpgaPartOf(kXilinx, 0xd004), FpgaPart::kGolden);
  EXPECT_EQ(FpgaPartOf(kXilinx, 0x7038), FpgaPart::kUnknown);
}

TEST(NameFunctions, ReadsThePciIdsOfTheMachine) {
  const auto functions = Read(
      "usr/share/misc/pci.ids: # a remark\\n10de  NVIDIA Corporation\\n\\t0fff  GZ1 [Tomorrow 1]\\n"
      "\\t\\t10de 0fff  A board\\n4242  Acme\\n\\t0001  Widget\\nC 03  Display controller\n"
      "pci 0000:01:00.0 10de:0fff 030000\npci 0000:02:00.0 4242:0001 120000\n"
      "pci 0000:03:00.0 4242:0002 120000\n");
  ASSERT_EQ(functions.size(), 3u);
  EXPECT_EQ(functions[0].name, "NVIDIA Tomorrow 1");
  EXPECT_EQ(functions[1].name, "Acme Widget");
  EXPECT_EQ(functions[2].name, "4242:0002");
}

}  // namespace
}  // namespace motley
