#include "daemon/profiling/profiling.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace motley {
namespace {

namespace fs = std::filesystem;

class Profiling : public testing::Test {
 protected:
  Profiling() {
    folder_ = testing::TempDir() + "motley-profiling-XXXXXX";
    if (mkdtemp(folder_.data()) == nullptr) ADD_FAILURE() << folder_;
    setenv("MOTLEY_STATE", folder_.c_str(), 1);
  }
  ~Profiling() override {
    for (const char* name : {"MOTLEY_STATE", "MOTLEY_FAKE_FAULT"}) unsetenv(name);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  std::string folder_;
};

DeviceInfo Fake() {
  DeviceInfo d;
  d.id = "fake0";
  d.kind = "gpu";
  d.backend = "fake";
  d.name = "Fake device";
  d.uuid = "fake-fake0";
  d.kernels = "fake-scalar";
  d.memory_bytes = d.free_bytes = uint64_t{4} << 30;
  return d;
}

ProfileOptions Short(std::vector<std::string> only) {
  ProfileOptions options = QuickProfile();
  options.only = std::move(only);
  options.sweep_s = 0.01;
  options.max_rows = 4;
  options.self_test = false;
  return options;
}

TEST_F(Profiling, TheChildsPointsArrive) {
  size_t told = 0;
  ProfileSink watch;
  watch.point = [&](const OpPoint&) { ++told; };
  const auto run = ProfileDevice(Fake(), Short({"launch", "roof"}), watch);
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_FALSE(run->error) << run->error->message;
  ASSERT_FALSE(run->profile.points.empty());
  EXPECT_EQ(run->profile.points[0].sweep, "launch");
  EXPECT_GE(told, run->profile.points.size());  // again with every visit
  EXPECT_EQ(run->profile.skipped.size(), 3u);
  EXPECT_GT(run->profile.measured_at_s, 1'700'000'000);
}

TEST_F(Profiling, AChildThatDiesIsAnErrorWithTheDevicesName) {
  setenv("MOTLEY_FAKE_FAULT", "abort@step 3", 1);
  const auto run = ProfileDevice(Fake(), Short({"launch", "gemm"}), {});
  ASSERT_TRUE(run.ok()) << run.error().message;
  ASSERT_TRUE(run->error);
  EXPECT_EQ(run->error->code, Code::kUnavailable);
  EXPECT_NE(run->error->message.find("fake0"), std::string::npos) << run->error->message;
  EXPECT_NE(run->error->message.find("signal 6"), std::string::npos) << run->error->message;
}

TEST_F(Profiling, ADeviceThatIsLostKeepsItsCode) {
  setenv("MOTLEY_FAKE_FAULT", "lose@step 1", 1);
  const auto run = ProfileDevice(Fake(), Short({"launch"}), {});
  ASSERT_TRUE(run.ok()) << run.error().message;
  ASSERT_TRUE(run->error);
  EXPECT_EQ(run->error->code, Code::kDeviceLost);
}

TEST_F(Profiling, WrongNumbersNameTheOpAndNothingIsTimed) {
  setenv("MOTLEY_FAKE_FAULT", "wrong@step 1", 1);
  ProfileOptions options = Short({"gemm.q8_0"});
  options.self_test = true;
  const auto run = ProfileDevice(Fake(), options, {});
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(run->profile.self_test.op, "mul_mat");
  EXPECT_EQ(run->profile.self_test.type, "Q8_0");
  EXPECT_TRUE(run->profile.points.empty());
}

TEST_F(Profiling, StoppedInTheMiddleItKeepsWhatItHas) {
  ProfileOptions options = Short({"launch", "gemm", "attention"});
  options.sweep_s = 60;
  options.max_rows = 4096;
  options.self_test = true;
  bool enough = false;
  ProfileSink watch;
  watch.point = [&](const OpPoint&) { enough = true; };
  watch.stop = [&] { return enough; };
  const auto run = ProfileDevice(Fake(), options, watch);
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_TRUE(run->stopped);
  EXPECT_FALSE(run->error);
  EXPECT_FALSE(run->profile.points.empty());
  EXPECT_GT(run->profile.self_test.cases, 0) << "the child did not come to its end";
}

TEST_F(Profiling, TwoDevicesCopyAtOnceAllFourWays) {
  OpProfile a, b;
  const Status measured = MeasurePair(Fake(), Fake(), 0.01, {}, a, b);
  ASSERT_TRUE(measured.ok()) << measured.error().message;
  for (const OpProfile& profile : {a, b}) {
    std::set<std::string> ways;
    for (const OpPoint& p : profile.points) {
      EXPECT_EQ(p.sweep, "copy.with.fake0");
      EXPECT_GT(p.us, 0);
      EXPECT_NE(p.note.find("alone"), std::string::npos);
      ways.insert(p.where);
    }
    EXPECT_EQ(ways, (std::set<std::string>{"in beside in", "in beside out", "out beside in",
                                           "out beside out"}));
  }
}

TEST_F(Profiling, APairWithADeviceThatIsNotThereIsAnErrorOfThatDevice) {
  DeviceInfo gone = Fake();
  gone.id = "fake9";
  OpProfile a, b;
  const Status measured = MeasurePair(Fake(), gone, 0.01, {}, a, b);
  ASSERT_FALSE(measured.ok());
  EXPECT_NE(measured.error().message.find("fake9"), std::string::npos) << measured.error().message;
  EXPECT_TRUE(a.points.empty());
}

TEST_F(Profiling, AnUnknownSweepIsRefused) {
  const auto run = ProfileDevice(Fake(), Short({"gemn"}), {});
  ASSERT_TRUE(run.ok());
  ASSERT_TRUE(run->error);
  EXPECT_EQ(run->error->code, Code::kInvalidArgument);
}

OpProfile WithPoint(const std::string& where, double us) {
  OpProfile profile;
  profile.id = "fake0";
  profile.measured_at_s = 5;
  profile.points.push_back({.sweep = "gemm.q4_0",
                            .op = "mul_mat",
                            .type = "Q4_0",
                            .where = where,
                            .x = 1,
                            .bytes = 100,
                            .us = us});
  return profile;
}

TEST_F(Profiling, PartialProfilesAreMerged) {
  const DeviceInfo device = Fake();
  EXPECT_FALSE(StoredOps(device));
  ASSERT_TRUE(KeepOps(device, WithPoint("M 1", 10)).ok());
  ASSERT_TRUE(KeepOps(device, WithPoint("M 2", 20)).ok());
  ASSERT_TRUE(KeepOps(device, WithPoint("M 1", 12)).ok());
  const auto stored = StoredOps(device);
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->points.size(), 2u);
  EXPECT_EQ(stored->points[0].us, 12);
  EXPECT_EQ(stored->points[1].us, 20);
}

TEST_F(Profiling, AnotherDriverOrBuildIsMeasuredAgain) {
  DeviceInfo device = Fake();
  ASSERT_TRUE(KeepOps(device, WithPoint("M 1", 10)).ok());
  device.driver_version = "2";
  EXPECT_FALSE(StoredOps(device));
  device = Fake();
  device.kernels = "fake-ref";
  EXPECT_FALSE(StoredOps(device));
}

TEST_F(Profiling, ThePowerCapIsPartOfTheKey) {
  DeviceInfo card = Fake();
  card.pci = "0000:21:00.0";
  card.driver_name = "amdgpu";
  card.driver_version = "6.1";
  EXPECT_EQ(DriverAndCap(card, folder_), "amdgpu 6.1");
  const fs::path monitor = fs::path(folder_) / "sys/bus/pci/devices/0000:21:00.0/hwmon/hwmon3";
  fs::create_directories(monitor);
  std::ofstream(monitor / "power1_cap") << "190000000\n";
  EXPECT_EQ(DriverAndCap(card, folder_), "amdgpu 6.1 cap 190 W");
}

TEST(OpProfileJson, RoundTrips) {
  OpProfile profile = WithPoint("M 1", 10.5);
  profile.uuid = "u";
  profile.points[0].note = "a \"note\"";
  profile.self_test.cases = 7;
  profile.skipped.push_back({"roof.read", "no CPU"});
  const auto back = OpProfileFromJson(ToJson(profile));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(ToJson(*back), ToJson(profile));
}

TEST(OpProfileJson, ATimeOfNothingIsRefusedWithItsKey) {
  nlohmann::json json = ToJson(WithPoint("M 1", 10));
  json["points"][0]["us"] = 0;
  const auto back = OpProfileFromJson(json);
  ASSERT_FALSE(back.ok());
  EXPECT_NE(back.error().message.find("points[0].us"), std::string::npos);
}

}  // namespace
}  // namespace motley
