#include "daemon/profiling/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

// A device of 20 GB/s and 500 Gop/s, 5 us away, with copies of 10 GB/s in and 5 GB/s out.
OpProfile Measured(const std::string& id) {
  OpProfile profile;
  profile.id = id;
  profile.kind = "gpu";
  profile.name = id;
  profile.memory_bytes = profile.usable_bytes = 8e9;
  for (double rows = 1; rows <= 512; rows *= 2) {
    for (const double width : {1024., 2048.}) {
      OpPoint p{"gemm.q8_0", "mul_mat", "Q8_0"};
      p.where = "M " + std::to_string(rows) + " K " + std::to_string(width);
      p.x = rows;
      p.bytes = width * width;
      p.flops = 2 * rows * width * width;
      p.us = 5 + std::hypot(p.bytes / 20e3, p.flops / 500e3);
      profile.points.push_back(p);
    }
  }
  for (double bytes = 4096; bytes <= 16 << 20; bytes *= 4) {
    for (const bool in : {true, false}) {
      const std::string name = in ? "copy.h2d" : "copy.d2h";
      OpPoint p{name, name, ""};
      p.where = std::to_string(bytes);
      p.x = p.bytes = bytes;
      p.us = 3 + bytes / (in ? 10e3 : 5e3);
      profile.points.push_back(p);
    }
  }
  return profile;
}

LinkProfile Ring() { return {"", "", 1.0, 8e9}; }

TEST(Report, FitsPredictWhatTheyDidNotSee) {
  const auto ops = FitOps(Measured("a"));
  ASSERT_EQ(ops.size(), 3u);
  EXPECT_EQ(ops[0].op, "mul_mat");
  EXPECT_EQ(ops[0].points, 20);
  EXPECT_TRUE(QualityOf(ops).ok()) << QualityOf(ops).median << " " << QualityOf(ops).p95;
  EXPECT_GE(QualityOf(ops).points, 8);
}

TEST(Report, DisturbedPointsAreLeftOutOfTheFit) {
  OpProfile profile = Measured("a");
  for (size_t i = 3; i < 20; i += 5) {
    profile.points[i].us *= 7;
    profile.points[i].waited = 0.9;
  }
  const auto ops = FitOps(profile);
  EXPECT_EQ(ops[0].disturbed, 4);
  EXPECT_TRUE(QualityOf(ops).ok());
}

TEST(Report, ADeviceWithoutALawDoesNotPass) {
  OpProfile profile = Measured("a");
  for (size_t i = 0; i < profile.points.size(); ++i) profile.points[i].us *= i % 3 ? 1 : 4;
  EXPECT_FALSE(QualityOf(FitOps(profile)).ok());
}

//   a ──5 GB/s──> ring 8 GB/s ──10 GB/s──> b
TEST(Report, AWayBetweenDevicesIsOutRingAndIn) {
  const MachineProfile machine = MachineOf({Measured("a"), Measured("b")}, Ring());
  const LinkProfile& link = machine.Link("a", "b");
  EXPECT_NEAR(link.bytes_per_s, 1 / (1 / 5e9 + 1 / 8e9 + 1 / 10e9), 3e7);
  EXPECT_NEAR(link.latency_us, 3 + 1 + 3, 0.7);
  EXPECT_NEAR(machine.Link("host", "a").bytes_per_s, 10e9, 2e8);
  EXPECT_NEAR(machine.Link("a", "host").bytes_per_s, 5e9, 1e8);
  EXPECT_EQ(machine.links.size(), 6u);
}

TEST(Report, TheMachineReadsBack) {
  const MachineProfile machine = MachineOf({Measured("a"), Measured("b")}, Ring());
  const auto back = MachineFromJson(ToJson(machine));
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_EQ(back->devices.size(), 2u);
  EXPECT_EQ(back->devices[0].ops.size(), machine.devices[0].ops.size());
  EXPECT_GT(back->devices[0].peak->bytes_per_s, 0);
}

TEST(Report, TwoRunsAreComparedByTheirPoints) {
  OpProfile a = Measured("a"), b = a;
  for (OpPoint& p : b.points) p.us *= 1.02;
  b.points[4].us *= 1.5;
  b.points.pop_back();
  const Difference difference = Compare(a, b);
  EXPECT_EQ(difference.points, static_cast<int>(b.points.size()));
  EXPECT_NEAR(difference.median, 0.02, 1e-9);
  EXPECT_NEAR(difference.worst, 0.53, 1e-9);
  EXPECT_EQ(difference.worst_at, b.points[4].sweep + " " + b.points[4].where);
}

TEST(Report, TwoMachinesAreComparedByTheirRates) {
  OpProfile fast = Measured("a");
  for (OpPoint& p : fast.points) p.us /= 2;
  const auto changes = Compare(MachineOf({Measured("a")}, Ring()), MachineOf({fast}, Ring()));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].op, "mul_mat");
  EXPECT_NEAR(changes[0].bytes_b / changes[0].bytes_a, 2, 0.1);
  EXPECT_NEAR(changes[0].flops_b / changes[0].flops_a, 2, 0.1);
}

}  // namespace
}  // namespace motley
