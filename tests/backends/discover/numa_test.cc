#include "backends/discover/sysfs/numa.h"

#include <gtest/gtest.h>

#include "backends/discover/sysfs/pci.h"
#include "tests/backends/discover/recorded_tree.h"

namespace motley {
namespace {

MachineFacts Read(std::string_view text) {
  const RecordedTree machine(text);
  const Tree tree(machine.root());
  MachineFacts facts;
  facts.functions = ReadPciFunctions(tree);
  ReadNuma(tree, facts);
  return facts;
}

TEST(ParseCpus, ReadsListsAndMasks) {
  EXPECT_EQ(ParseCpus("0-3,8,10-11").count(), 7u);
  EXPECT_EQ(ParseCpus("2,x,5").count(), 1u);
  EXPECT_EQ(ParseCpus("-5").count(), 0u);
  EXPECT_EQ(ParseCpus("0-2000000000").count(), size_t{kCpuLimit});
  EXPECT_EQ(ParseCpuMask("0000000f,00000003").count(), 6u);
  EXPECT_TRUE(ParseCpuMask("0000000f,00000003").test(35));
  EXPECT_EQ(ParseCpuMask("garbage").count(), 0u);
}

TEST(CpuName, KnowsWhatEachArchitectureCallsIt) {
  EXPECT_EQ(CpuName("processor\t: 0\ncpu family\t: 6\nmodel name\t: Intel(R)  Xeon(R) CPU\n"),
            "Intel(R) Xeon(R) CPU");
  EXPECT_EQ(CpuName("processor : 0\ncpu\t\t: POWER9, altivec supported\n"),
            "POWER9, altivec supported");
  EXPECT_EQ(CpuName("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"), "ARM Neoverse-N1");
  EXPECT_EQ(CpuName("CPU implementer\t: 0x7f\nCPU part\t: 0x001\n"), "ARM CPU 0x7f:0x001");
  EXPECT_EQ(CpuName("vendor_id       : IBM/S390\n"), "IBM/S390");
  EXPECT_EQ(CpuName(""), "CPU");
}

//  node 0: CPUs 0-3, 8 GiB      node 2: HBM, nearer to node 1
//  node 1: CPUs 4-7, 8 GiB      node 3: the memory of a card
TEST(ReadNuma, CountsMemoryWithoutCpusWithTheNearestAndLeavesOutThatOfCards) {
  const MachineFacts facts = Read(
      "node 0 cpus=0-3 kib=8388608 distance=10,20,30,40\n"
      "node 1 cpus=4-7 kib=8388608 distance=20,10,15,40\n"
      "node 2 kib=4194304 distance=30,15,10,40\nnode 3 kib=16777216 distance=40,40,40,10\n"
      "proc/meminfo: MemTotal: 37748736 kB\nproc/cpuinfo: model name : Big Chip\n"
      "pci 0004:05:00.0 10de:1db1 030200\n"
      "proc/driver/nvidia/gpus/0004:05:00.0/numa_status: Node: 3\\nSize: 3f0000000\n");
  ASSERT_EQ(facts.cpus.size(), 2u);
  EXPECT_EQ(facts.cpus[0].memory_bytes, uint64_t{8} << 30);
  EXPECT_EQ(facts.cpus[1].memory_bytes, uint64_t{12} << 30);
  EXPECT_EQ(facts.cpus[1].id, "cpu1");
  EXPECT_EQ(facts.cpus[1].name, "Big Chip (4 cores)");
  EXPECT_EQ(facts.numa_nodes.at(3).pci, "0004:05:00.0");
}

TEST(ReadNuma, CountsMemoryThatNoNodeAccountsForWithTheFirst) {
  const MachineFacts facts =
      Read("node 1 cpus=1,3 kib=1048576\nproc/meminfo: MemTotal: 3145728 kB\n");
  ASSERT_EQ(facts.cpus.size(), 1u);
  EXPECT_EQ(facts.cpus[0].numa_node, 1);
  EXPECT_EQ(facts.cpus[0].memory_bytes, uint64_t{3} << 30);
}

TEST(ReadNuma, GivesACpuToTheFirstNodeThatClaimsIt) {
  const MachineFacts facts = Read("node 0 cpus=0-7 kib=1024\nnode 1 cpus=0-7 kib=1024\n");
  ASSERT_EQ(facts.cpus.size(), 1u);
  EXPECT_EQ(facts.cpus[0].compute_units, 8);
  EXPECT_EQ(facts.cpus[0].memory_bytes, 2048u << 10);
}

TEST(ReadNuma, CountsOnlyCpusThatAreOnline) {
  const MachineFacts facts =
      Read("sys/devices/system/cpu/online: 0-1\nnode 0 cpus=0-7 kib=1024\nnode 1 cpus=8 kib=8\n");
  ASSERT_EQ(facts.cpus.size(), 1u);
  EXPECT_EQ(facts.cpus[0].compute_units, 2);
}

TEST(ReadNuma, OfAMachineWithoutNodesIsOneCpu) {
  const MachineFacts facts =
      Read("proc/cpuinfo: processor : 0\\nprocessor : 1\nproc/meminfo: MemTotal: 2048 kB\n");
  ASSERT_EQ(facts.cpus.size(), 1u);
  EXPECT_EQ(facts.cpus[0].compute_units, 2);
  EXPECT_EQ(facts.cpus[0].memory_bytes, 2048u << 10);
}

TEST(ReadNuma, TakesNumbersThatCannotBeForNone) {
  const MachineFacts facts = Read(
      "node 0 cpus=0 kib=99999999999999999999999\nnode 99999 cpus=1 kib=4\n"
      "proc/meminfo: MemTotal: 18446744073709551615 kB\n");
  ASSERT_EQ(facts.cpus.size(), 1u);
  EXPECT_EQ(facts.cpus[0].memory_bytes, 0u);
}

}  // namespace
}  // namespace motley
