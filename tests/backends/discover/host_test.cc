#include "backends/discover/sysfs/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backends/discover/recorded_tree.h"

namespace motley {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MachineFacts Read(std::string_view text) {
  const RecordedTree machine(text);
  MachineFacts facts;
  ReadHost(Tree(machine.root()), facts);
  return facts;
}

TEST(ReadHost, TakesOfARecordedMachineWhatSysfsDoesNotSayFromItsFile) {
  const MachineFacts facts = Read(
      "proc/modules: nvidia 100 0 - Live 0x0\\nxfs 1 0\nproc/sys/kernel/osrelease: 6.1.0-9-amd64\n"
      R"(motley.json: {"user":"ann","modules":["amdgpu"],"libraries":["/usr/lib/libcuda.so.1"],)"
      R"("nodes":[{"path":"/dev/kfd","group":"render","accessible":true}],"in_container":true,)"
      R"("probed":[{"id":"nv0","kind":"gpu","backend":"opencl","pci":"0000:01:00.0",)"
      R"("memory_bytes":24000000000,"state":{"code":"failed","reason":"it hung","fix":"wait"}}]})");
  EXPECT_THAT(facts.modules, ElementsAre("nvidia", "xfs", "amdgpu"));
  EXPECT_EQ(facts.kernel_release, "6.1.0-9-amd64");
  EXPECT_EQ(facts.user, "ann");
  EXPECT_TRUE(facts.in_container);
  EXPECT_THAT(facts.libraries, ElementsAre("/usr/lib/libcuda.so.1"));
  ASSERT_EQ(facts.nodes.size(), 1u);
  EXPECT_EQ(facts.nodes[0].group, "render");
  EXPECT_TRUE(facts.nodes[0].accessible);
  ASSERT_EQ(facts.probed.size(), 1u);
  EXPECT_EQ(facts.probed[0].memory_bytes, 24000000000u);
  EXPECT_EQ(facts.probed[0].state, "failed");
}

TEST(ReadHost, LeavesOutWhatIsDamagedInTheFile) {
  for (const char* text : {"motley.json: {", "motley.json: []", "motley.json/",
                           "motley.json: {\"nodes\":{},\"user\":7}",
                           "motley.json: {\"probed\":[{},7,{\"id\":\"\"}],\"libraries\":[null]}"}) {
    const MachineFacts facts = Read(text);
    EXPECT_THAT(facts.nodes, IsEmpty()) << text;
    EXPECT_THAT(facts.probed, IsEmpty()) << text;
    EXPECT_EQ(facts.user, "") << text;
  }
  const std::string deep(200000, '[');
  EXPECT_EQ(Read("motley.json: {\"nodes\":" + deep).nodes.size(), 0u);
}

TEST(ReadHost, SeesAContainer) {
  EXPECT_TRUE(Read(".dockerenv: ").in_container);
  EXPECT_TRUE(Read("proc/1/cgroup: 1:name=systemd:/docker/0123").in_container);
  EXPECT_FALSE(Read("proc/1/cgroup: 0::/init.scope").in_container);
}

TEST(ReadHost, FindsTheLimitOfItsControlGroupOrOfTheOneAbove) {
  const std::string limit = "sys/fs/cgroup/cpu.max";
  EXPECT_EQ(Read("proc/self/cgroup: 0::/a/b\nsys/fs/cgroup/a/cpu.max: 200000 100000\n"
                 "sys/fs/cgroup/a/b/cpu.max: max 100000\n")
                .attributes.at(limit),
            "200000 100000");
  EXPECT_EQ(Read("sys/fs/cgroup/cpu.max: max 100000").attributes.at(limit), "max 100000");
  EXPECT_EQ(Read("proc/self/cgroup: 0::/../../x\nproc/swaps: none").attributes.count(limit), 0u);
  EXPECT_EQ(Read("proc/swaps: none").attributes.at("proc/swaps"), "none");
}

TEST(ReadHost, OfThisMachineNamesUserAndKernel) {
  MachineFacts facts;
  ReadHost(Tree(""), facts);
  EXPECT_NE(facts.user, "");
  EXPECT_NE(facts.kernel_release, "");
  for (const std::string& library : facts.libraries) EXPECT_EQ(library[0], '/');
}

}  // namespace
}  // namespace motley
