// The real machines that hwloc's tests recorded: scripts/fetch_hwloc.sh fetches them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "backends/discover.h"
#include "tests/backends/discover/recorded_tree.h"

namespace motley {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Machines() {
  std::vector<std::string> folders;
  const char* source = std::getenv("MOTLEY_HWLOC_SOURCE");
  std::error_code error;
  if (source != nullptr)
    for (const auto& entry : fs::directory_iterator(source, error))
      if (entry.is_directory()) folders.push_back(entry.path());
  return folders;
}

// First number after `key` in a file, as a shell script would find it.
uint64_t NumberAfter(const std::string& path, const std::string& key, int base = 10) {
  const std::string text = ReadWholeFile(path);
  const size_t at = text.find(key);
  return at == text.npos ? 0 : std::strtoull(text.c_str() + at + key.size(), nullptr, base);
}

// Bytes that a machine has, without those of cards that are NUMA nodes of their own.
uint64_t MemoryOf(const std::string& root) {
  std::error_code error;
  uint64_t nodes = 0, cards = 0;
  for (const auto& entry : fs::directory_iterator(root + "/sys/devices/system/node", error))
    nodes += NumberAfter(entry.path() / "meminfo", "MemTotal:");
  for (const auto& entry : fs::directory_iterator(root + "/proc/driver/nvidia/gpus", error)) {
    const uint64_t node = NumberAfter(entry.path() / "numa_status", "Node:");
    cards += NumberAfter(root + "/sys/devices/system/node/node" + std::to_string(node) + "/meminfo",
                         "MemTotal:");
  }
  const uint64_t total = NumberAfter(root + "/proc/meminfo", "MemTotal:");
  return ((total > 0 ? total : nodes) - cards) * 1024;
}

// Addresses of functions that are displays, processing accelerators or Xilinx's.
std::vector<std::string> WantedFunctions(const std::string& root) {
  std::vector<std::string> wanted;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root + "/sys/bus/pci/devices", error)) {
    const std::string code = ReadWholeFile(entry.path() / "class");
    const std::string vendor = ReadWholeFile(entry.path() / "vendor");
    if (code.starts_with("0x03") || code.starts_with("0x12") || vendor.starts_with("0x10ee"))
      wanted.push_back(entry.path().filename());
  }
  return wanted;
}

void CheckFunctions(const std::string& root, const Inventory& inventory, int& found) {
  std::map<std::string, const InventoryEntry*> by_address;
  for (const InventoryEntry& entry : inventory.devices) by_address[entry.info.pci] = &entry;
  for (const std::string& address : WantedFunctions(root)) {
    ASSERT_EQ(by_address.count(address), 1u) << address;
    const DeviceInfo& info = by_address[address]->info;
    EXPECT_NE(info.state, "ready") << address;
    EXPECT_FALSE(info.state.empty() || info.reason.empty() || info.fix.empty()) << address;
    ++found;
  }
}

TEST(HwlocMachines, ListEveryAcceleratorAndAllMemory) {
  const std::vector<std::string> machines = Machines();
  if (machines.empty())
    GTEST_SKIP() << "MOTLEY_HWLOC_SOURCE is not set: export it as scripts/fetch_hwloc.sh says";
  int found = 0;
  for (const std::string& root : machines) {
    SCOPED_TRACE(root);
    const auto inventory = Discover(root, {});
    ASSERT_TRUE(inventory.ok());
    CheckFunctions(root, *inventory, found);
    uint64_t memory = 0;
    for (const InventoryEntry& entry : inventory->devices)
      if (entry.info.kind == "cpu") memory += entry.info.memory_bytes;
    // Older kernels counted in the nodes what they had reserved, up to 4 % of the memory.
    const uint64_t expected = MemoryOf(root);
    EXPECT_GE(memory, expected);
    EXPECT_LE(memory, expected + expected / 25);
  }
  EXPECT_GE(machines.size(), 45u);
  EXPECT_GE(found, 9);
}

}  // namespace
}  // namespace motley
