#include "client/cli/show/roofline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "client/cli/show/log_axes.h"

namespace motley {
namespace {

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

OpPoint Point(const std::string& op, const std::string& type, double bytes, double flops,
              double us) {
  OpPoint point;
  point.sweep = "gemm";
  point.op = op;
  point.type = type;
  point.where = "M 4";
  point.bytes = bytes;
  point.flops = flops;
  point.us = us;
  return point;
}

OpProfile Profile() {
  OpProfile profile;
  profile.id = "cpu0";
  profile.kind = "cpu";
  profile.name = "A & B <CPU>";
  profile.uuid = "u";
  profile.kernels = "k";
  profile.memory_bytes = profile.usable_bytes = 1e9;
  profile.measured_at_s = 1;
  profile.points = {Point("mul_mat", "Q4_0", 1e6, 4e6, 100),
                    Point("mul_mat", "Q4_0", 1e6, 4e8, 2e3), Point("mul_mat", "F16", 2e6, 4e6, 150),
                    Point("copy.h2d", "", 1e6, 0, 90)};
  return profile;
}

PeakRates Roofs() { return {.bytes_per_s = 30e9, .f16_flops = 480e9, .int8_ops = 1.9e12}; }

TEST(Roofline, EveryPointThatComputesIsAMarkAndEverySeriesALegend) {
  const std::string svg = RooflineSvg({{Profile(), Roofs()}});
  EXPECT_EQ(Count(svg, "class=\"mark"), 3u + 2u);
  EXPECT_EQ(Count(svg, ">mul_mat Q4_0<"), 1u);
  EXPECT_EQ(Count(svg, ">mul_mat F16<"), 1u);
  EXPECT_EQ(svg.find("copy.h2d"), std::string::npos);
}

TEST(Roofline, RoofsAreDrawnAndNamedWhereKnown) {
  OpProfile profile = Profile();
  for (const char* sweep : {"roof.read", "roof.int8"}) {
    profile.points.push_back(Point("", "", 1e6, 1e6, 1));
    profile.points.back().sweep = sweep;
  }
  const std::string svg = RooflineSvg({{profile, Roofs()}});
  EXPECT_EQ(Count(svg, "class=\"roof\""), 3u);
  EXPECT_EQ(Count(svg, ">memory 30.0 GB/s<"), 1u);
  EXPECT_EQ(Count(svg, ">float (best point) 480 GFLOP/s<"), 1u) << "no roof.f32 was measured";
  EXPECT_EQ(Count(svg, ">int8 1.90 TOP/s<"), 1u);
  EXPECT_EQ(Count(RooflineSvg({{Profile(), {}}}), "class=\"roof\""), 0u);
}

TEST(Roofline, NamesAreEscapedAndDarkViewersAreServed) {
  const std::string svg = RooflineSvg({{Profile(), Roofs()}});
  EXPECT_NE(svg.find("A &amp; B &lt;CPU&gt;"), std::string::npos);
  EXPECT_NE(svg.find("prefers-color-scheme: dark"), std::string::npos);
}

TEST(Roofline, APointThatWasDisturbedIsHollow) {
  OpProfile profile = Profile();
  EXPECT_EQ(Count(RooflineSvg({{profile, Roofs()}}), " hollow\""), 0u);
  profile.points[0].spread = 0.5;
  EXPECT_EQ(Count(RooflineSvg({{profile, Roofs()}}), " hollow\""), 1u);
}

// 40 series are more than the page is high.
TEST(Roofline, ALegendThatIsTooLongSaysHowManyMore) {
  OpProfile profile = Profile();
  for (int i = 0; i < 40; ++i) {
    profile.points.push_back(Point("mul_mat", "T" + std::to_string(i), 1e6, 4e6, 100));
  }
  profile.name = std::string(300, 'x');
  const std::string svg = RooflineSvg({{profile, Roofs()}});
  EXPECT_EQ(Count(svg, ">and 10 more<"), 1u);
  EXPECT_EQ(svg.find(profile.name), std::string::npos) << "shortened";
}

TEST(Roofline, DevicesStandBelowEachOther) {
  const std::string svg = RooflineSvg({{Profile(), Roofs()}, {Profile(), {}}});
  EXPECT_NE(svg.find("viewBox=\"0 0 1280 1440\""), std::string::npos);
}

TEST(Roofline, OneProfileAndSeveralAreReadAlike) {
  const std::string path = testing::TempDir() + "roofline_profile.json";
  std::ofstream(path) << ToJson(Profile()).dump();
  const auto one = ReadProfiles(path);
  ASSERT_TRUE(one.ok()) << one.error().message;
  ASSERT_EQ(one->size(), 1u);
  EXPECT_EQ((*one)[0].points.size(), 4u);
  const nlohmann::json all{{"schema", "motley.profiles/1"},
                           {"devices", {ToJson(Profile()), ToJson(Profile())}}};
  std::ofstream(path) << all.dump();
  const auto two = ReadProfiles(path);
  ASSERT_TRUE(two.ok()) << two.error().message;
  EXPECT_EQ(two->size(), 2u);
  std::ofstream(path) << R"({"schema":"motley.profiles/1","devices":7})";
  EXPECT_FALSE(ReadProfiles(path).ok());
  std::ofstream(path) << "[]";
  EXPECT_FALSE(ReadProfiles(path).ok());
  std::remove(path.c_str());
}

TEST(Roofline, OnlyPicturesAreWrittenAndOnlyOfSomething) {
  EXPECT_EQ(WriteRoofline({Profile()}, "plot.txt").error().code, Code::kInvalidArgument);
  OpProfile empty = Profile();
  empty.points.clear();
  EXPECT_EQ(WriteRoofline({empty}, testing::TempDir() + "no.svg").error().code,
            Code::kInvalidArgument);
}

TEST(LogAxes, ARangeHoldsWhatIsInItInHalfDecades) {
  LogRange range;
  range.Include(7);
  range.Include(150);
  range.Round();
  EXPECT_EQ(range.low, 0.5);
  EXPECT_EQ(range.high, 2.5);
  LogRange nothing;
  nothing.Round();
  EXPECT_EQ(nothing.high - nothing.low, 1);
}

TEST(LabelPlacer, ALabelKeepsOffPointsAndOtherLabels) {
  LabelPlacer placer(9);
  placer.AddPoint(20, 95);
  const std::vector<LabelPlacer::Place> places = {{0, 100}, {0, 140}, {0, 180}};
  EXPECT_EQ(placer.Choose(places, 60).y, 140) << "a point is on the first";
  EXPECT_EQ(placer.Choose(places, 60).y, 180) << "and a label on the second";
}

TEST(SiNumber, HasThreeDigitsAndAPrefix) {
  EXPECT_EQ(SiNumber(31.55e9), "31.6 G");
  EXPECT_EQ(SiNumber(481.5e9), "482 G");
  EXPECT_EQ(SiNumber(1.89e12), "1.89 T");
  EXPECT_EQ(SiNumber(1e6), "1.00 M");
}

}  // namespace
}  // namespace motley
