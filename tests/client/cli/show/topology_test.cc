#include "client/cli/show/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

namespace motley {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Box {
  double x, y, width, height;
};

// The boxes of a picture in their order; the lines of its text that draw one.
std::vector<Box> Boxes(const std::string& svg) {
  std::vector<Box> boxes;
  std::istringstream in(svg);
  for (std::string line; std::getline(in, line);) {
    const size_t at = line.find(" x=\"");
    Box box;
    if (line.starts_with("<rect class=\"box") && at != std::string::npos &&
        std::sscanf(line.c_str() + at, " x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &box.x,
                    &box.y, &box.width, &box.height) == 4) {
      boxes.push_back(box);
    }
  }
  return boxes;
}

bool Overlap(const Box& a, const Box& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

TEST(TopologySvg, DrawsEveryNodeOnceAndNoneOverAnother) {
  const auto machine = SyntheticMachine("numa:4 nv:8@gen5x16 amd:5@gen4x8 fpga:3@gen3x16 acc:2");
  ASSERT_TRUE(machine.ok());
  const std::string svg = TopologySvg(BuildTopology(*machine));
  const std::vector<Box> boxes = Boxes(svg);
  ASSERT_EQ(boxes.size(), 1u + 4 + 4 + 18 + 18);  // machine, nodes, CPUs, ports, cards
  for (size_t i = 0; i < boxes.size(); ++i) {
    EXPECT_GE(boxes[i].x, 0);
    EXPECT_LE(boxes[i].x + boxes[i].width, 1280);
    for (size_t j = 0; j < i; ++j) EXPECT_FALSE(Overlap(boxes[i], boxes[j])) << i << " and " << j;
  }
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
}

//   machine - numa0 - port - switch - nv0, with the longest names one meets
TEST(TopologySvg, KeepsStateAndMemoryWhereNamesAreLong) {
  TopologyNode device{.kind = "device", .id = "nv10", .label = std::string(200, 'n')};
  device.state = "no-backend";
  device.memory_bytes = uint64_t{141} << 30;
  device.link = {.generation = 5, .lanes = 8, .max_generation = 5, .max_lanes = 16};
  TopologyNode node{.kind = "switch", .id = "10000:41:00.0", .label = "switch"};
  node.link = device.link;
  node.children = {device};
  for (const char* id : {"10000:40:01.1", "numa0", "machine"}) {
    TopologyNode above{.kind = "port", .id = id};
    above.children = {node};
    node = above;
  }
  const std::string svg = TopologySvg(node);
  EXPECT_THAT(svg, HasSubstr(">141.0 GiB, no-backend<"));
  EXPECT_THAT(svg, HasSubstr(">nv10<"));
  EXPECT_THAT(svg, HasSubstr(">10000:41:00.0<"));
  EXPECT_THAT(svg, HasSubstr("n…<"));
  int width = 0;
  ASSERT_EQ(std::sscanf(svg.c_str() + svg.find("viewBox"), "viewBox=\"0 0 %d", &width), 1);
  EXPECT_LT(width, 1500) << "drawn too small to be read";
  for (const Box& box : Boxes(svg)) EXPECT_LE(box.x + box.width, width);
}

TEST(TopologySvg, CutsNothingThatHasRoom) {
  const auto machine = SyntheticMachine("numa:2 nv:2@gen4x16");
  ASSERT_TRUE(machine.ok());
  EXPECT_THAT(TopologySvg(BuildTopology(*machine)), Not(HasSubstr("…")));
}

TEST(TopologySvg, EscapesWhatADriverCallsItself) {
  TopologyNode root{.kind = "machine", .id = "machine"};
  root.children.push_back({.kind = "device", .id = "x0", .label = "<script>\"&\x01"});
  const std::string svg = TopologySvg(root);
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;&quot;&amp; "));
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
}

TEST(TopologySvg, ShortensALongNameAtACharacter) {
  TopologyNode root{.kind = "machine", .id = "machine"};
  std::string name;
  for (int i = 0; i < 100; ++i) name += "ü";
  root.children.push_back({.kind = "device", .id = "x0", .label = name});
  const std::string svg = TopologySvg(root);
  EXPECT_THAT(svg, HasSubstr("ü…"));
}

TEST(TopologyText, SaysWhatALinkIsTrainedBelow) {
  TopologyNode root{.kind = "machine", .id = "machine"};
  root.children.push_back({.kind = "device", .id = "nv0"});
  root.children[0].link = {.generation = 4, .lanes = 8, .max_generation = 4, .max_lanes = 16};
  EXPECT_EQ(TopologyText(root, false), "machine\n`- [gen4 x8 15.8 GB/s, of gen4 x16]- nv0\n");
  EXPECT_THAT(TopologyDot(root), HasSubstr("n0 -> n1 [label=\"gen4 x8 15.8 GB/s, of gen4 x16\"]"));
}

}  // namespace
}  // namespace motley
