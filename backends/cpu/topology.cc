#include "backends/cpu/topology.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

#include "base/os.h"

namespace motley {
namespace {

constexpr uint64_t kFileLimit = 16 << 20;  // /proc/cpuinfo of a thousand CPUs has 1.5 MB
constexpr int kMaxNodes = 1024;            // Linux: CONFIG_NODES_SHIFT is at most 10

std::string Text(const std::string& path) {
  auto text = ReadFile(path, kFileLimit);
  return text.ok() ? text.ReleaseValue() : std::string();
}

std::string Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

// "key : value" lines; the first of a key counts.
std::map<std::string, std::string> Fields(const std::string& text) {
  std::map<std::string, std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (colon != std::string::npos)
      out.emplace(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  }
  return out;
}

// Bytes of a meminfo line; the node's lines start with "Node 0 ".
uint64_t MemoryField(const std::string& text, const std::string& name) {
  const size_t at = text.find(name + ":");
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + at + name.size() + 1, nullptr, 10) * 1024;
}

void ReadMemory(const std::string& root, const std::string& folder, bool only_node, CpuNode& node) {
  const std::string whole = Text(root + "/proc/meminfo");
  const std::string own = Text(folder + "/meminfo");
  if (only_node || own.empty()) {
    node.memory_bytes = MemoryField(whole, "MemTotal");
    node.free_bytes = MemoryField(whole, "MemAvailable");
  } else {
    node.memory_bytes = MemoryField(own, "MemTotal");
    node.free_bytes = MemoryField(own, "MemFree") + MemoryField(own, "Inactive(file)");
  }
  const uint64_t limit =
      std::strtoull(Text(root + "/sys/fs/cgroup/memory.max").c_str(), nullptr, 10);
  if (limit == 0 || limit >= node.memory_bytes) return;  // "max" reads as 0
  const uint64_t used =
      std::strtoull(Text(root + "/sys/fs/cgroup/memory.current").c_str(), nullptr, 10);
  node.memory_bytes = limit;
  node.free_bytes = std::min(node.free_bytes, limit - std::min(limit, used));
}

cpu_set_t AllowedCpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof cpus, &cpus);
  return cpus;
}

std::vector<CpuNode> NodesWithCpus(const std::string& root) {
  const std::string nodes = root + "/sys/devices/system/node";
  const cpu_set_t allowed =
      root.empty() ? AllowedCpus() : ParseCpuList(Text(root + "/sys/devices/system/cpu/online"));
  std::vector<CpuNode> out;
  const cpu_set_t online = ParseCpuList(Text(nodes + "/online"));
  for (int i = 0; i < std::min(kMaxNodes, CPU_SETSIZE); ++i) {
    if (!CPU_ISSET(i, &online)) continue;
    const cpu_set_t cpus = ParseCpuList(Text(nodes + "/node" + std::to_string(i) + "/cpulist"));
    CpuNode node{.index = i};
    CPU_AND(&node.cpus, &cpus, &allowed);
    if (CPU_COUNT(&node.cpus) > 0) out.push_back(node);
  }
  if (out.empty() && CPU_COUNT(&allowed) > 0) out.push_back({.index = 0, .cpus = allowed});
  return out;
}

}  // namespace

cpu_set_t ParseCpuList(const std::string& text) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    int first = 0;
    auto parsed = std::from_chars(at, end, first);
    if (parsed.ec != std::errc()) break;
    int last = first;
    if (parsed.ptr < end && *parsed.ptr == '-') {
      parsed = std::from_chars(parsed.ptr + 1, end, last);
      if (parsed.ec != std::errc()) break;
    }
    for (int i = std::max(first, 0); i <= std::min(last, CPU_SETSIZE - 1); ++i) CPU_SET(i, &cpus);
    at = parsed.ptr;
    if (at >= end || *at != ',') break;
    ++at;
  }
  return cpus;
}

int CpuQuota(const std::string& root) {
  std::istringstream text(
      Text(root + "/sys/fs/cgroup/cpu.max"));  // "200000 100000" or "max 100000"
  double quota = 0, period = 0;
  if (!(text >> quota >> period) || period <= 0) return 0;
  return std::max(1, static_cast<int>(std::ceil(quota / period)));
}

std::vector<CpuNode> ReadCpuNodes(const std::string& root) {
  std::vector<CpuNode> nodes = NodesWithCpus(root);
  const auto cpu = Fields(Text(root + "/proc/cpuinfo"));
  const auto field = [&](const char* name) {
    const auto found = cpu.find(name);
    return found == cpu.end() ? std::string() : found->second;
  };
  for (CpuNode& node : nodes) {
    node.model = field("model name").empty() ? "CPU" : field("model name");
    node.identity = field("vendor_id") + "-" + field("cpu family") + "-" + field("model") + "-" +
                    field("stepping");
    ReadMemory(root, root + "/sys/devices/system/node/node" + std::to_string(node.index),
               nodes.size() == 1, node);
  }
  return nodes;
}

}  // namespace motley
