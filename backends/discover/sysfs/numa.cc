#include "backends/discover/sysfs/numa.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <sstream>

namespace motley {
namespace {

const std::string kNodes = "sys/devices/system/node";
constexpr int kNodeLimit = 1024;                   // CONFIG_NODES_SHIFT is at most 10
constexpr uint64_t kKibLimit = uint64_t{1} << 43;  // sums of a thousand nodes stay in 64 bits
constexpr size_t kCpuInfoLimit = 16 << 20;

// Bytes of a line of meminfo; the nodes' lines start with "Node 0 ".
uint64_t MemoryField(const std::string& text, const std::string& name) {
  const size_t at = text.find(name + ":");
  if (at == std::string::npos) return 0;
  const std::string_view rest = Trimmed(std::string_view(text).substr(at + name.size() + 1));
  uint64_t kib = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), kib);
  return kib <= kKibLimit ? kib * 1024 : 0;
}

std::vector<int> NodeIndices(const Tree& tree) {
  std::vector<int> indices;
  for (const std::string& name : tree.List(kNodes)) {
    if (!name.starts_with("node")) continue;
    const auto index = ParseNumber(std::string_view(name).substr(4));
    if (index && *index >= 0 && *index < kNodeLimit) indices.push_back(static_cast<int>(*index));
  }
  std::sort(indices.begin(), indices.end());
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
  return indices;
}

CpuSet CpusOf(const Tree& tree, const std::string& folder) {
  const std::string list = tree.Text(folder + "/cpulist", Tree::kTableLimit);
  if (!list.empty()) return ParseCpus(list);
  CpuSet cpus = ParseCpuMask(tree.Text(folder + "/cpumap", Tree::kTableLimit));
  if (cpus.any()) return cpus;
  for (const std::string& name : tree.List(folder)) {
    if (!name.starts_with("cpu")) continue;
    const auto cpu = ParseNumber(std::string_view(name).substr(3));
    if (cpu && *cpu >= 0 && *cpu < kCpuLimit) cpus.set(*cpu);
  }
  return cpus;
}

// Nodes that are the memory of an NVIDIA card (POWER9 and Grace hosts) -> address of the card.
std::map<int, std::string> CardNodes(const MachineFacts& facts) {
  std::map<int, std::string> cards;
  for (const PciFunction& function : facts.functions) {
    const auto node = function.attributes.find("nvidia_numa_node");
    if (node == function.attributes.end()) continue;
    if (const auto index = ParseNumber(node->second); index && *index >= 0 && *index < kNodeLimit)
      cards[static_cast<int>(*index)] = function.address;
  }
  return cards;
}

// Position in `nodes` of the node with CPUs that is nearest to the one at `from` by the firmware's
// table of distances; the first one with CPUs where that says nothing.
size_t NearestWithCpus(const Tree& tree, const std::vector<NumaNode>& nodes, size_t from) {
  std::istringstream text(
      tree.Text(kNodes + "/node" + std::to_string(nodes[from].index) + "/distance"));
  const std::vector<int> distances{std::istream_iterator<int>(text), std::istream_iterator<int>()};
  size_t best = nodes.size();
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].cpus == 0) continue;
    const bool known = distances.size() == nodes.size();
    if (best == nodes.size() || (known && distances[i] < distances[best])) best = i;
  }
  return best;
}

int CountProcessors(const std::string& cpuinfo) {
  int count = 0;
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("processor")) ++count;
    if (line.starts_with("# processors"))
      return static_cast<int>(std::clamp<int64_t>(
          ParseNumber(std::string_view(line).substr(line.find(':') + 1)).value_or(0), 0,
          kCpuLimit));
  }
  return std::min(count, kCpuLimit);
}

void ReadNodes(const Tree& tree, const CpuSet& online, MachineFacts& facts) {
  const auto cards = CardNodes(facts);
  CpuSet taken = ~online;
  for (const int index : NodeIndices(tree)) {
    const std::string folder = kNodes + "/node" + std::to_string(index);
    const CpuSet cpus = CpusOf(tree, folder) & ~taken;
    taken |= cpus;
    NumaNode node{.index = index, .cpus = static_cast<int>(cpus.count())};
    node.memory_bytes = MemoryField(tree.Text(folder + "/meminfo"), "MemTotal");
    if (const auto card = cards.find(index); card != cards.end() && node.cpus == 0)
      node.pci = card->second;
    facts.numa_nodes.push_back(node);
  }
}

DeviceInfo CpuDevice(const std::string& name, size_t number, const NumaNode& node,
                     uint64_t memory_bytes) {
  DeviceInfo info;
  info.id = "cpu" + std::to_string(number);
  info.kind = "cpu";
  info.name = node.cpus == 0 ? name
                             : name + " (" + std::to_string(node.cpus) +
                                   (node.cpus == 1 ? " core)" : " cores)");
  info.numa_node = node.index;
  info.memory_bytes = memory_bytes;
  info.compute_units = node.cpus;
  return info;
}

// Memory of each node with the memory that has no CPUs and what no node accounts for.
std::vector<uint64_t> ShareMemory(const Tree& tree, const std::vector<NumaNode>& nodes) {
  std::vector<uint64_t> share(nodes.size(), 0);
  uint64_t sum = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    sum += nodes[i].memory_bytes;
    if (!nodes[i].pci.empty()) continue;
    share[nodes[i].cpus > 0 ? i : NearestWithCpus(tree, nodes, i)] += nodes[i].memory_bytes;
  }
  const uint64_t total = MemoryField(tree.Text("proc/meminfo"), "MemTotal");
  const auto first =
      std::find_if(nodes.begin(), nodes.end(), [](const NumaNode& node) { return node.cpus > 0; });
  if (total > sum) share[first - nodes.begin()] += total - sum;
  return share;
}

}  // namespace

CpuSet ParseCpus(std::string_view list) {
  CpuSet cpus;
  const char* at = list.data();
  const char* end = at + list.size();
  while (at < end) {
    int first = 0;
    auto parsed = std::from_chars(at, end, first);
    if (parsed.ec != std::errc() || first < 0) break;
    int last = first;
    if (parsed.ptr < end && *parsed.ptr == '-') {
      parsed = std::from_chars(parsed.ptr + 1, end, last);
      if (parsed.ec != std::errc()) break;
    }
    for (int i = first; i <= std::min(last, kCpuLimit - 1); ++i) cpus.set(i);
    at = parsed.ptr;
    if (at >= end || *at != ',') break;
    ++at;
  }
  return cpus;
}

CpuSet ParseCpuMask(std::string_view mask) {
  CpuSet cpus;
  int word = 0;
  for (std::string_view rest = Trimmed(mask); !rest.empty() && word < kCpuLimit / 32; ++word) {
    const size_t comma = rest.rfind(',');
    const bool last = comma == std::string_view::npos;
    const auto bits = ParseHex(last ? rest : rest.substr(comma + 1), ~0u);
    if (!bits) break;
    for (int i = 0; i < 32; ++i)
      if ((*bits >> i & 1) != 0) cpus.set(word * 32 + i);
    rest = last ? "" : rest.substr(0, comma);
  }
  return cpus;
}

void ReadNuma(const Tree& tree, MachineFacts& facts) {
  const std::string cpuinfo = tree.Text("proc/cpuinfo", kCpuInfoLimit);
  const std::string name = CpuName(cpuinfo);
  const CpuSet listed = ParseCpus(tree.Text("sys/devices/system/cpu/online", Tree::kTableLimit));
  ReadNodes(tree, listed.any() ? listed : ~CpuSet(), facts);
  std::vector<NumaNode> nodes = facts.numa_nodes;
  const bool none =
      std::none_of(nodes.begin(), nodes.end(), [](const NumaNode& node) { return node.cpus > 0; });
  if (none) {  // no nodes, or none that says which CPUs it has: all of the machine is one
    const int cpus = listed.any() ? static_cast<int>(listed.count()) : CountProcessors(cpuinfo);
    uint64_t memory = 0;
    for (const NumaNode& node : nodes) memory += node.pci.empty() ? node.memory_bytes : 0;
    memory = nodes.empty() ? MemoryField(tree.Text("proc/meminfo"), "MemTotal") : memory;
    facts.cpus.push_back(CpuDevice(name, 0, {.index = 0, .cpus = cpus}, memory));
    return;
  }
  const std::vector<uint64_t> memory = ShareMemory(tree, nodes);
  for (size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].cpus > 0)
      facts.cpus.push_back(CpuDevice(name, facts.cpus.size(), nodes[i], memory[i]));
}

}  // namespace motley
