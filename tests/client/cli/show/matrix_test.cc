#include "client/cli/show/matrix.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace motley {
namespace {

TopologyNode Node(const std::string& kind, const std::string& id, const PciLink& link) {
  TopologyNode node{.kind = kind, .id = id};
  if (link.lanes > 0) node.link = link;
  return node;
}

PciLink Link(int generation, int lanes) {
  return {generation, lanes, generation, lanes, generation, lanes};
}

// numa0 --- cpu0
//       \-- port0 == gen4x16 == switch0 -- gen3x16 -- nv0
//       |                             \---- gen4x8 -- nv1
//       \-- port1 ------------------------ gen4x4 -- amd0
TopologyNode Box() {
  TopologyNode upstream = Node("switch", "switch0", Link(4, 16));
  upstream.children = {Node("device", "nv0", Link(3, 16)), Node("device", "nv1", Link(4, 8))};
  TopologyNode port0 = Node("port", "port0", {}), port1 = Node("port", "port1", {});
  port0.children = {upstream};
  port1.children = {Node("device", "amd0", Link(4, 4))};
  TopologyNode numa = Node("numa", "numa0", {});
  numa.children = {Node("device", "cpu0", {}), port0, port1};
  TopologyNode root = Node("machine", "machine", {});
  root.children = {numa};
  return root;
}

const MatrixPair& Find(const LinkMatrix& matrix, const std::string& from, const std::string& to) {
  for (const MatrixPair& pair : matrix.pairs) {
    if (pair.from == from && pair.to == to) return pair;
  }
  ADD_FAILURE() << from << " " << to;
  return matrix.pairs[0];
}

TEST(Matrix, AWayIsAsWideAsItsNarrowestLink) {
  const LinkMatrix matrix = BuildMatrix(Box(), {});
  EXPECT_EQ(matrix.ends, (std::vector<std::string>{"host", "cpu0", "nv0", "nv1", "amd0"}));
  EXPECT_EQ(matrix.pairs.size(), 20u);
  EXPECT_NEAR(Find(matrix, "host", "nv0").bytes_per_s, 15.75e9, 1e8);
  EXPECT_NEAR(Find(matrix, "nv1", "host").bytes_per_s, 15.75e9, 1e8);
  EXPECT_NEAR(Find(matrix, "nv0", "amd0").bytes_per_s, 7.88e9, 1e8);
  EXPECT_NEAR(Find(matrix, "cpu0", "amd0").bytes_per_s, 7.88e9, 1e8);
  EXPECT_EQ(Find(matrix, "host", "cpu0").bytes_per_s, 0) << "no link tells what memory carries";
}

TEST(Matrix, DevicesBelowOneSwitchMeetThereOthersInHostMemory) {
  const LinkMatrix matrix = BuildMatrix(Box(), {});
  EXPECT_EQ(Find(matrix, "nv0", "nv1").via, "switch0");
  EXPECT_FALSE(Find(matrix, "nv0", "nv1").staged);
  EXPECT_EQ(Find(matrix, "nv0", "amd0").via, "host");
  EXPECT_TRUE(Find(matrix, "nv0", "amd0").staged);
  EXPECT_FALSE(Find(matrix, "cpu0", "amd0").staged) << "host memory is the CPU's own";
}

TEST(Matrix, MeasuredLinksStandBesideAndNameMoreDevices) {
  const LinkMatrix matrix = BuildMatrix(
      Box(), {{"host", "nv0", 1.9, 12.1e9}, {"nv0", "host", 2.1, 13e9}, {"host", "far0", 5, 1e9}});
  EXPECT_EQ(Find(matrix, "host", "nv0").measured_bytes_per_s, 12.1e9);
  EXPECT_EQ(Find(matrix, "host", "nv0").measured_us, 1.9);
  EXPECT_EQ(Find(matrix, "host", "nv1").measured_bytes_per_s, 0);
  EXPECT_EQ(matrix.ends.back(), "far0");
  EXPECT_EQ(Find(matrix, "host", "far0").bytes_per_s, 0);
  EXPECT_EQ(Find(matrix, "nv0", "far0").via, "");
  EXPECT_TRUE(matrix.findings.empty());
}

TEST(Matrix, ALinkTrainedBelowDeviceAndSlotIsSuspiciousOnAllItsWays) {
  TopologyNode box = Box();
  PciLink& link = *box.children[0].children[2].children[0].link;  // amd0
  link.max_lanes = link.slot_lanes = 16;
  const LinkMatrix matrix = BuildMatrix(box, {});
  ASSERT_EQ(matrix.findings.size(), 1u);
  EXPECT_EQ(matrix.findings[0].where, "amd0");
  EXPECT_EQ(matrix.findings[0].reason, "trained at gen4 x4, gen4 x16 is possible");
  EXPECT_TRUE(Find(matrix, "host", "amd0").suspicious);
  EXPECT_TRUE(Find(matrix, "amd0", "nv1").suspicious);
  EXPECT_FALSE(Find(matrix, "nv0", "nv1").suspicious);
  link.slot_lanes = 4;  // no fault of the link's
  EXPECT_TRUE(BuildMatrix(box, {}).findings.empty());
}

// A slow way up to the host is none of what two devices below the same switch say to each other.
TEST(Matrix, ASlowLinkAboveASwitchDoesNotTouchWhatStaysBelowIt) {
  TopologyNode box = Box();
  PciLink& link = *box.children[0].children[1].children[0].link;  // switch0
  link.lanes = 1;
  const LinkMatrix matrix = BuildMatrix(box, {});
  EXPECT_TRUE(Find(matrix, "host", "nv0").suspicious);
  EXPECT_FALSE(Find(matrix, "nv0", "nv1").suspicious);
}

TEST(Matrix, AWayFarSlowerOrFasterThanItsLinksIsSuspicious) {
  const LinkMatrix matrix = BuildMatrix(
      Box(), {{"host", "nv0", 1, 5e9}, {"nv0", "host", 1, 20e9}, {"nv0", "amd0", 1, 1e9}});
  EXPECT_TRUE(Find(matrix, "host", "nv0").suspicious);
  EXPECT_TRUE(Find(matrix, "nv0", "host").suspicious);
  EXPECT_FALSE(Find(matrix, "nv0", "amd0").suspicious) << "two copies one after the other";
  EXPECT_EQ(matrix.findings.size(), 2u);
}

TEST(Matrix, TableMarkdownAndJsonSayTheSame) {
  const LinkMatrix matrix = BuildMatrix(Box(), {{"host", "nv0", 1.9, 12.1e9}});
  EXPECT_NE(MatrixText(matrix).find("12.1/15.8 1.9us"), std::string::npos);
  EXPECT_NE(MatrixMarkdown(matrix).find("| 12.1/15.8 1.9us |"), std::string::npos);
  const nlohmann::json json = ToJson(matrix);
  EXPECT_EQ(json["schema"], "motley.matrix/1");
  EXPECT_EQ(json["pairs"].size(), 20u);
  EXPECT_EQ(json["pairs"][1]["to"], "nv0");
  EXPECT_EQ(json["pairs"][1]["measured_latency_us"], 1.9);
  EXPECT_TRUE(json["pairs"][0]["bytes_per_s"].is_null());
}

}  // namespace
}  // namespace motley
