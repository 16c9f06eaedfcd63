// Five hundred damaged copies of a machine: whatever sysfs holds, discovery ends and lists.
// MOTLEY_TREES and MOTLEY_TREES_SEED try more of them, and others.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "backends/discover.h"
#include "backends/discover/inventory_json.h"
#include "tests/backends/discover/recorded_tree.h"

namespace motley {
namespace {

namespace fs = std::filesystem;

constexpr int kTrees = 500, kSeed = 20240229;
constexpr int kDamages = 5;  // of one tree, each time worse, before the next is made
constexpr std::string_view kBox =
    "node 0 cpus=0-7 kib=8388608 distance=10,20,30\nnode 1 cpus=8-15 kib=8388608\n"
    "node 2 kib=4194304 distance=30,20,10\nsys/devices/system/cpu/online: 0-15\n"
    "proc/meminfo: MemTotal: 20971520 kB\nproc/cpuinfo: processor : 0\\nmodel name : Big Chip\n"
    "proc/modules: nvidia 1 0\\namdgpu 1 0\nproc/sys/kernel/osrelease: 6.1.0\n"
    "proc/self/cgroup: 0::/a\nsys/fs/cgroup/a/cpu.max: 100000 100000\nproc/self/limits: Max "
    "locked\n"
    "pci 0000:00:01.0 8086:460d 060400 link=4x8 max=5x16\n"
    "pci 0000:00:01.0/0000:01:00.0 10de:2204 030000 driver=nvidia link=4x8 max=4x16 numa=1\n"
    "proc/driver/nvidia/gpus/0000:01:00.0/numa_status: Node: 2\\nSize: 3f0000000\n"
    "pci 0000:00:02.0/0000:03:00.0 1002:73bf 030000 driver=amdgpu link=4x16 max=4x16 "
    "mem_info_vram_total=17163091968 aer_dev_fatal=TOTAL_ERR_FATAL drm/card0= drm/renderD128=\n"
    "pci 0000:81:00.0 10ee:5004 120000\npci 0000:81:00.1 10ee:5005 120000 driver=xocl\n"
    "pci 10000:01:00.0 1a03:2000 030000\n"
    "usr/share/misc/pci.ids: 10de  NVIDIA Corporation\\n\\t2204  GA102\n"
    R"(motley.json: {"user":"ann","nodes":[{"path":"/dev/kfd","group":"render"}],"probed":[]})";

std::vector<fs::path> Everything(const std::string& root) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end;
       entry.increment(error))
    paths.push_back(entry->path());
  return paths;
}

std::string Garbage(std::mt19937& random) {
  static const std::string texts[] = {"",
                                      "\n",
                                      "-1",
                                      "99999999999999999999999999",
                                      "0xffffffffffffffffff",
                                      "-9223372036854775808",
                                      "0-4294967295,7-3,,",
                                      "ffffffff,ffffffff,zz",
                                      "Node 0 MemTotal: 18446744073709551615 kB",
                                      "{\"nodes\":[[[[{\"path\":1}]]]],\"probed\":{}}",
                                      "0000:00:00.0",
                                      "../../..",
                                      "0x030000"};
  const size_t which = random() % (std::size(texts) + 2);
  if (which < std::size(texts)) return texts[which];
  std::string bytes(which == std::size(texts) ? 64 : 70000, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

void Damage(const fs::path& path, const std::vector<fs::path>& all, const fs::path& outside,
            std::mt19937& random) {
  std::error_code error;
  const fs::path& other = all[random() % all.size()];
  switch (random() % 6) {
    case 0:
      fs::remove_all(path, error);
      return;
    case 1:  // a file for a folder or a link
      fs::remove_all(path, error);
      if (!fs::exists(path, error)) std::ofstream(path, std::ios::binary) << Garbage(random);
      return;
    case 2:  // a folder for a file
      fs::remove_all(path, error);
      fs::create_directories(path / "x", error);
      return;
    case 3:  // a link to anywhere, often to what holds it
      fs::remove_all(path, error);
      fs::create_symlink(random() % 2 ? other : path.parent_path(), path, error);
      return;
    case 4:  // to itself, or out of the root
      fs::remove_all(path, error);
      fs::create_symlink(random() % 2 ? path : outside, path, error);
      return;
    default:  // a pipe that nobody writes to
      fs::remove_all(path, error);
      if (fs::exists(path.parent_path(), error)) mkfifo(path.c_str(), 0600);
  }
}

int NumberOr(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::atoi(text) : otherwise;
}

TEST(MutatedTrees, NeverStopDiscovery) {
  const int trees = NumberOr("MOTLEY_TREES", kTrees);
  std::mt19937 random(static_cast<unsigned>(NumberOr("MOTLEY_TREES_SEED", kSeed)));
  int damaged = 0;
  const RecordedTree elsewhere(kBox);
  std::unique_ptr<RecordedTree> machine;
  for (int i = 0; i < trees; ++i) {
    SCOPED_TRACE(i);
    if (i % kDamages == 0) machine = std::make_unique<RecordedTree>(kBox);
    const auto all = Everything(machine->root());
    for (int blows = 1 + static_cast<int>(random() % 4); blows > 0 && !all.empty(); --blows)
      Damage(all[random() % all.size()], all, elsewhere.root(), random);
    const auto inventory = Discover(machine->root(), {});
    if (!inventory.ok()) {  // neither sys nor proc survived
      EXPECT_EQ(inventory.error().code, Code::kNotFound);
      continue;
    }
    ++damaged;
    EXPECT_FALSE(inventory->devices.empty());
    for (const InventoryEntry& entry : inventory->devices) {
      EXPECT_NE(entry.info.id, "");
      EXPECT_LE(entry.function ? entry.function->bridges.size() : 0, 8u);
    }
    EXPECT_NO_THROW((void)InventoryToJson(*inventory).dump());
  }
  EXPECT_GT(damaged, trees * 9 / 10);
}

}  // namespace
}  // namespace motley
