#include "backends/cpu/topology.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace motley {
namespace {

// A machine of two nodes, four CPUs each, under a folder of its own.
class RecordedMachine {
 public:
  RecordedMachine() {
    Write("sys/devices/system/cpu/online", "0-7\n");
    Write("sys/devices/system/node/online", "0-1\n");
    Write("sys/devices/system/node/node0/cpulist", "0-3\n");
    Write("sys/devices/system/node/node1/cpulist", "4-7\n");
    Write("sys/devices/system/node/node1/meminfo",
          "Node 1 MemTotal:  2048 kB\nNode 1 MemFree: 512 kB\nNode 1 Inactive(file): 256 kB\n");
    Write("proc/meminfo", "MemTotal:  4096 kB\nMemAvailable:  1024 kB\n");
    Write("proc/cpuinfo",
          "processor\t: 0\nvendor_id\t: Maker\ncpu family\t: 6\nmodel\t\t: 85\n"
          "model name\t: Maker Chip 9000\nstepping\t: 7\n\nprocessor\t: 1\nmodel name\t: Other\n");
  }
  ~RecordedMachine() { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path) << text;
  }
  const std::string& root() const { return root_; }

 private:
  const std::string root_ = testing::TempDir() + "motley-topology-" + std::to_string(getpid());
};

TEST(ParseCpuList, ReadsRangesAndStopsAtWhatItDoesNotKnow) {
  EXPECT_EQ(CPU_COUNT(std::initializer_list<cpu_set_t>({ParseCpuList("0-3,8,10-11\n")}).begin()),
            7);
  const cpu_set_t broken = ParseCpuList("2,x,5");
  EXPECT_EQ(CPU_COUNT(&broken), 1);
  EXPECT_TRUE(CPU_ISSET(2, &broken));
  const cpu_set_t huge = ParseCpuList("0-99999999");
  EXPECT_EQ(CPU_COUNT(&huge), CPU_SETSIZE);
}

TEST(ReadCpuNodes, GivesEachNodeItsCpusAndItsMemory) {
  const RecordedMachine machine;
  const auto nodes = ReadCpuNodes(machine.root());
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[1].index, 1);
  EXPECT_EQ(CPU_COUNT(&nodes[1].cpus), 4);
  EXPECT_TRUE(CPU_ISSET(7, &nodes[1].cpus));
  EXPECT_EQ(nodes[1].model, "Maker Chip 9000");
  EXPECT_EQ(nodes[1].identity, "Maker-6-85-7");
  EXPECT_EQ(nodes[1].memory_bytes, 2048u << 10);
  EXPECT_EQ(nodes[1].free_bytes, 768u << 10);
}

TEST(ReadCpuNodes, OfAMachineWithoutNodesIsOneNodeWithAllMemory) {
  RecordedMachine machine;
  std::filesystem::remove_all(machine.root() + "/sys/devices/system/node");
  const auto nodes = ReadCpuNodes(machine.root());
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(CPU_COUNT(&nodes[0].cpus), 8);
  EXPECT_EQ(nodes[0].free_bytes, 1024u << 10);
}

TEST(ReadCpuNodes, KnowsTheLimitsOfAControlGroup) {
  RecordedMachine machine;
  machine.Write("sys/fs/cgroup/memory.max", "1048576\n");
  machine.Write("sys/fs/cgroup/memory.current", "524288\n");
  machine.Write("sys/fs/cgroup/cpu.max", "250000 100000\n");
  const auto nodes = ReadCpuNodes(machine.root());
  EXPECT_EQ(nodes[1].memory_bytes, 1048576u);
  EXPECT_EQ(nodes[1].free_bytes, 524288u);
  EXPECT_EQ(CpuQuota(machine.root()), 3);
  machine.Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(CpuQuota(machine.root()), 0);
}

}  // namespace
}  // namespace motley
