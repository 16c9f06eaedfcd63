#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/backends/discover/cases/box.h"

namespace motley {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Scenario> AllScenarios() {
  std::vector<Scenario> all;
  for (const auto& part : {ConditionScenarios(), AccessScenarios(), BackendScenarios(),
                           NvidiaScenarios(), VendorScenarios(), RuntimeScenarios()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

class CasesOf : public testing::TestWithParam<Scenario> {};

TEST_P(CasesOf, HoldOnTheirBoxAndNotOnANearMiss) {
  const Scenario& scenario = GetParam();
  EXPECT_TRUE(Holds(scenario.met.Findings(), scenario.code));
  EXPECT_FALSE(Holds(scenario.near_miss.Findings(), scenario.code));
}

TEST_P(CasesOf, ComeWithTheWholeCommandAndAShortReason) {
  for (const Box& box : {GetParam().met, GetParam().near_miss}) {
    for (const Finding& finding : box.Findings()) {
      EXPECT_EQ(finding.fix.find('{'), std::string::npos) << finding.fix;
      EXPECT_LE(finding.reason.size(), 100u) << finding.reason;
      EXPECT_EQ(finding.reason.find('\n'), std::string::npos);
      EXPECT_FALSE(finding.reason.empty());
      ASSERT_NE(FindCase(finding.code), nullptr);
      EXPECT_EQ(finding.state, FindCase(finding.code)->state);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CasesOf, testing::ValuesIn(AllScenarios()), [](const auto& info) {
  return std::to_string(info.param.code) + info.param.name;
});

TEST(Cases, AreAllMetByABox) {
  std::set<int> met;
  for (const Scenario& scenario : AllScenarios()) met.insert(scenario.code);
  for (const Case& one : Cases()) EXPECT_TRUE(met.contains(one.code)) << one.code;
  EXPECT_GE(met.size(), 36u);
}

TEST(Cases, HaveAscendingCodesSoThatNoneIsUsedTwice) {
  int last = 100;
  for (const Case& one : Cases()) {
    EXPECT_GT(one.code, last);
    EXPECT_LT(one.code, 200);
    EXPECT_EQ(FindCase(one.code), &one);
    last = one.code;
  }
  EXPECT_EQ(FindCase(100), nullptr);
  EXPECT_EQ(FindCase(111), nullptr);
  EXPECT_EQ(FindCase(999), nullptr);
}

TEST(Cases, FixesBeginWithACommand) {
  const std::set<std::string> commands = {"sudo", "motley", "docker", "lspci",  "grep",
                                          "echo", "cat",    "unset",  "wget",   "free",
                                          "gdb",  "nice",   "clinfo", "printf", "motley-worker"};
  for (const Case& one : Cases()) {
    const std::string first(one.fix.substr(0, one.fix.find(' ')));
    EXPECT_TRUE(commands.contains(first)) << one.code << ": " << first;
  }
}

TEST(Cases, TextsKeepTheirLimits) {
  const std::set<std::string_view> states = {"ready",      "degraded", "no-driver",  "no-access",
                                             "no-backend", "failed",   "quarantined"};
  for (const Case& one : Cases()) {
    SCOPED_TRACE(one.code);
    EXPECT_TRUE(states.contains(one.state));
    EXPECT_LE(one.title.size(), 80u);
    EXPECT_FALSE(one.title.ends_with('.'));
    EXPECT_LE(one.cause.size(), 320u);
    EXPECT_TRUE(one.cause.ends_with('.') || one.cause.ends_with(".)"));
    EXPECT_LE(one.fix.size(), 360u);
    for (const std::string_view text : {one.title, one.cause, one.fix})
      for (const char c : text) EXPECT_TRUE(c >= ' ' && c <= '~') << text;
  }
}

TEST(Cases, ExplainNamesCodeStateCauseAndFix) {
  const Case* link = FindCase(114);
  ASSERT_NE(link, nullptr);
  const std::string text = ExplainCase(*link);
  EXPECT_THAT(text, HasSubstr("MOT-114: " + std::string(link->title) + " (degraded)\n"));
  EXPECT_THAT(text, HasSubstr("What to do:\n  " + std::string(link->fix) + "\n"));
  size_t longest = 0;
  const std::string cause = text.substr(text.find("\n\n") + 2, link->cause.size());
  for (size_t at = 0, end; (end = cause.find('\n', at)) != cause.npos; at = end + 1)
    longest = std::max(longest, end - at);
  EXPECT_LE(longest, 80u);
  EXPECT_GT(longest, 60u);
}

TEST(Diagnosis, OfAReadyCardIsSilent) {
  EXPECT_TRUE(Box::Nvidia(0x2204)
                  .Bound("nvidia")
                  .Link({4, 16, 4, 16, 4, 16})
                  .Probed("ready", "")
                  .Findings()
                  .empty());
}

TEST(Diagnosis, PutsTheWorstFirst) {
  const auto findings = Box::Amd(0x73bf)
                            .Link({4, 8, 4, 16, 3, 16})
                            .Attribute("aer_fatal", "1")
                            .Probed("failed", "no OpenCL C compiler", "update it")
                            .Findings();
  std::vector<int> codes;
  for (const Finding& finding : findings) codes.push_back(finding.code);
  EXPECT_THAT(codes, ElementsAre(174, 108, 114, 102));
  EXPECT_EQ(findings[0].reason, "no OpenCL C compiler");
  EXPECT_EQ(findings[0].fix, "update it");
}

TEST(Diagnosis, FillsInTheUserTheGroupAndTheAddress) {
  const auto access =
      Box::Intel(0x56a0).Bound("i915").Node("/dev/dri/renderD128", "render", false).Findings();
  ASSERT_EQ(access.size(), 1u);
  EXPECT_EQ(access[0].code, 121);
  EXPECT_EQ(access[0].reason, "you are not in group render, which owns /dev/dri/renderD128");
  EXPECT_THAT(access[0].fix, testing::StartsWith("sudo usermod -aG render ada "));
  const auto link = Box::Amd(0x73bf).Link({4, 8, 4, 16, 4, 16}).Probed("ready", "").Findings();
  ASSERT_EQ(link.size(), 1u);
  EXPECT_EQ(link[0].reason, "slot is x16, link trained at x8");
  EXPECT_THAT(link[0].fix, HasSubstr("lspci -vv -s 0000:21:00.0"));
}

TEST(Diagnosis, TakesTheOpenClPackageOfTheLoadedDriver) {
  const Box k80 = Box::Nvidia(0x102d)
                      .Bound("nvidia")
                      .Fact("sys/module/nvidia/version", "470.256.02")
                      .Node("/dev/nvidia0", "video", true)
                      .Library("/usr/lib/x86_64-linux-gnu/libOpenCL.so.1");
  ASSERT_EQ(k80.Findings().size(), 1u);
  EXPECT_THAT(k80.Findings()[0].fix, HasSubstr("apt install nvidia-tesla-470-opencl-icd "));
}

TEST(Diagnosis, HandsGcn1AndGcn2ToAmdgpuByTheirOwnParameter) {
  EXPECT_THAT(Box::Amd(0x6798).Bound("radeon").Findings()[0].fix,
              HasSubstr("radeon.si_support=0 amdgpu.si_support=1"));
  EXPECT_THAT(Box::Amd(0x67b0).Bound("radeon").Findings()[0].fix,
              HasSubstr("radeon.cik_support=0 amdgpu.cik_support=1"));
}

// A small machine has no sudo, and root needs none.
TEST(Diagnosis, RootIsToldNothingOfSudo) {
  for (const Box& box : {Box::Nvidia(0x2204), Box::Empty().Itself()}) {
    const auto of_ann = box.User("ann").Findings(), of_root = box.User("root").Findings();
    ASSERT_FALSE(of_root.empty());
    EXPECT_THAT(of_ann[0].fix, HasSubstr("sudo apt install"));
    EXPECT_THAT(of_root[0].fix, HasSubstr("apt install"));
    EXPECT_EQ(of_root[0].fix.find("sudo"), std::string::npos) << of_root[0].fix;
  }
}

TEST(Diagnosis, OfNonsenseIsStillADiagnosis) {
  const Box box = Box::Card(0xffff, 0xffff, 0x030000)
                      .Kernel("x.y")
                      .Link({99, 99, -1, -1, 7, 0})
                      .Attribute("aer_fatal", "99999999999999999999")
                      .Attribute("mem_info_vram_total", "-5")
                      .Fact("sys/devices/system/node/online", "9-1,,-,99999999999-0")
                      .Fact("sys/fs/cgroup/cpu.max", "1 0")
                      .Fact("proc/self/limits", "Max locked memory")
                      .Fact("proc/swaps", "a b c");
  EXPECT_FALSE(box.Findings().empty());
  EXPECT_EQ(box.Itself().Findings().size(), 1u);  // no loader
}

}  // namespace
}  // namespace motley
