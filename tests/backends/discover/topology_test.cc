#include "backends/discover/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace motley {
namespace {

using testing::HasSubstr;

// A card behind `bridges`, on a NUMA node or none (-1).
InventoryEntry Card(const std::string& id, int node, std::vector<std::string> bridges) {
  InventoryEntry entry;
  entry.info.id = id;
  entry.info.kind = "gpu";
  entry.info.numa_node = node;
  entry.function.emplace();
  entry.function->bridges = std::move(bridges);
  entry.function->link = {.generation = 4, .lanes = 8, .max_generation = 4, .max_lanes = 16};
  return entry;
}

const TopologyNode* Find(const TopologyNode& node, const std::string& id) {
  if (node.id == id) return &node;
  for (const TopologyNode& child : node.children) {
    if (const TopologyNode* found = Find(child, id)) return found;
  }
  return nullptr;
}

TEST(Topology, KeepsTheSwitchThatTwoCardsShareAndDropsTheOneOfOne) {
  Inventory box;
  box.devices = {Card("nv0", 0, {"0000:00:01.0", "0000:01:00.0", "0000:02:00.0"}),
                 Card("nv1", 0, {"0000:00:01.0", "0000:01:00.0", "0000:02:01.0"}),
                 Card("nv2", 1, {"0000:80:01.0", "0000:81:00.0"})};
  const TopologyNode root = BuildTopology(box);
  const TopologyNode* shared = Find(root, "0000:01:00.0");
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->kind, "switch");
  ASSERT_EQ(shared->children.size(), 2u);
  EXPECT_EQ(shared->children[1].id, "nv1");
  EXPECT_EQ(shared->children[1].link->lanes, 8);
  EXPECT_FALSE(Find(root, "0000:02:00.0"));
  EXPECT_FALSE(Find(root, "0000:81:00.0"));
  ASSERT_EQ(Find(root, "0000:80:01.0")->children.size(), 1u);
  EXPECT_EQ(Find(root, "numa1")->children[0].kind, "port");
}

TEST(Topology, HangsADeviceWithoutANodeOnTheMachine) {
  Inventory box;
  box.devices = {Card("nv0", -1, {})};
  const TopologyNode root = BuildTopology(box);
  ASSERT_EQ(root.children.size(), 1u);
  EXPECT_EQ(root.children[0].id, "nv0");
}

TEST(Topology, KnowsWhatALinkCarries) {
  const auto gb = [](int generation, int lanes) {
    return LinkBytesPerSecond({.generation = generation, .lanes = lanes}) * 1e-9;
  };
  EXPECT_NEAR(gb(1, 16), 4.0, 0.01);
  EXPECT_NEAR(gb(3, 16), 15.75, 0.01);
  EXPECT_NEAR(gb(4, 8), 15.75, 0.01);
  EXPECT_NEAR(gb(5, 16), 63.0, 0.02);
  EXPECT_EQ(gb(0, 16), 0);
  EXPECT_EQ(gb(9, 16), 0);
}

TEST(Topology, ComesBackFromItsJson) {
  const auto box = SyntheticMachine("numa:2 nv:2@gen4x16 amd:1@gen4x8 fpga:1@gen3x16");
  ASSERT_TRUE(box.ok()) << box.error().message;
  const nlohmann::json json = ToJson(BuildTopology(*box));
  const auto back = TopologyFromJson(json);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(ToJson(*back), json);
}

TEST(Topology, RefusesJsonThatIsNotOne) {
  EXPECT_FALSE(TopologyFromJson(nlohmann::json::array()).ok());
  const auto unnamed =
      TopologyFromJson({{"schema", "motley.topology/1"}, {"root", {{"kind", "machine"}}}});
  EXPECT_THAT(unnamed.error().message, HasSubstr("root.id"));
  nlohmann::json deep = {{"kind", "port"}, {"id", "x"}};
  for (int i = 0; i < 100; ++i) {
    deep = {{"kind", "port"}, {"id", "x"}, {"children", nlohmann::json::array({deep})}};
  }
  const auto refused = TopologyFromJson({{"schema", "motley.topology/1"}, {"root", deep}});
  EXPECT_THAT(refused.error().message, HasSubstr("deeper than 32"));
}

TEST(SyntheticMachine, GivesEveryCardItsOwnPort) {
  const auto box = SyntheticMachine("numa:2 nv:64@gen4x16 amd:64");
  ASSERT_TRUE(box.ok());
  EXPECT_EQ(box->devices.size(), 130u);
  const TopologyNode root = BuildTopology(*box);
  ASSERT_EQ(root.children.size(), 2u);
  EXPECT_EQ(root.children[0].children.size(), 65u);  // its CPU and 64 ports
}

TEST(SyntheticMachine, NamesTheWordThatItDoesNotTake) {
  for (const char* wrong : {"nv:65", "nv:0", "nv:x", "nv:1@gen8x16", "nv:1@gen4x64", "nv:1@pcie",
                            "tpu:1", "nv:-1", "nv:1@gen4x"}) {
    const auto box = SyntheticMachine(std::string("numa:1 ") + wrong);
    ASSERT_FALSE(box.ok()) << wrong;
    EXPECT_THAT(box.error().message, HasSubstr(wrong));
  }
}

}  // namespace
}  // namespace motley
