// `motley profile` on the fake device: what it measures there is not judged, what it says is.

#include <nlohmann/json.hpp>

#include "tests/client/cli/program.h"

namespace motley {
namespace {

using nlohmann::json;

const std::vector<std::string> kLaunch = {"profile", "--quick", "--backend",
                                          "fake",    "--only",  "launch"};

std::vector<std::string> With(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(ProfileCommand, ListsItsSweeps) {
  const Said text = RunProgram({"profile", "--list"});
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.out.find("gemm.q4_0"), std::string::npos);
  const json list = json::parse(RunProgram({"profile", "--list", "--json"}).out, nullptr, false);
  ASSERT_TRUE(list.is_object());
  EXPECT_GE(list["sweeps"].size(), 18u);
}

TEST(ProfileCommand, MeasuresKeepsAndTellsTheDifference) {
  const Said first = RunProgram(kLaunch);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_NE(first.out.find("launch"), std::string::npos);
  EXPECT_NE(first.err.find("fake0 0%"), std::string::npos) << first.err;
  const Said second = RunProgram(With(kLaunch, {"--json"}));
  const json again = json::parse(second.out, nullptr, false);
  ASSERT_TRUE(again.is_object()) << second.out << second.err;
  EXPECT_EQ(again["schema"], "motley.profiles/1");
  const json& device = again["devices"][0];
  EXPECT_EQ(device["schema"], "motley.profile/1");
  EXPECT_EQ(device["state"], "ready");
  EXPECT_TRUE(device["from_last"].is_object());
}

TEST(ProfileCommand, SavesAMachineThatCanBeCompared) {
  const TestFolder folder;
  const std::string box = folder / "box.json";
  const Said saved = RunProgram({"profile", "--quick", "--backend", "fake", "--only",
                                 "launch,copy,gemm.q8_0", "--save", box});
  EXPECT_EQ(saved.status, 0) << saved.err;
  const json machine = json::parse(Contents(box), nullptr, false);
  ASSERT_TRUE(machine.is_object());
  EXPECT_EQ(machine["schema"], "motley.machine/1");
  EXPECT_EQ(machine["devices"][0]["ops"][0]["op"], "mul_mat");
  const Said compared = RunProgram({"profile", "--compare", box, box, "--json"});
  EXPECT_EQ(compared.status, 0) << compared.err;
  const json changes = json::parse(compared.out, nullptr, false)["changes"];
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes[0]["bytes_per_us"][0], changes[0]["bytes_per_us"][1]);
}

TEST(ProfileCommand, AWrongSweepOrDeviceIsAUsageError) {
  const Said sweep = RunProgram({"profile", "--backend", "fake", "--only", "gemm.q4_9"});
  EXPECT_EQ(sweep.status, 2) << sweep.err;
  EXPECT_NE(sweep.err.find("did you mean"), std::string::npos);
  EXPECT_EQ(RunProgram({"profile", "--backend", "fake", "--device", "nv9"}).status, 3);
}

}  // namespace
}  // namespace motley
