#include "backends/discover/sysfs/host.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "backends/discover/sysfs/local_host.h"
#include "backends/discover/sysfs/recorded_host.h"

namespace motley {
namespace {

constexpr const char* kAttributes[] = {
    "proc/swaps",
    "proc/self/limits",
    "proc/sys/kernel/numa_balancing",
    "proc/sys/vm/nr_hugepages",
    "sys/kernel/mm/transparent_hugepage/enabled",
    "sys/kernel/security/lockdown",
    "sys/module/nvidia/version",
    "sys/devices/system/cpu/online",
    "sys/devices/system/node/online",
};

// Built-in modules with parameters are only in sys/module, old kernels' only in proc/modules.
std::vector<std::string> ReadModules(const Tree& tree) {
  std::set<std::string> names;
  std::istringstream lines(tree.Text("proc/modules", Tree::kTableLimit));
  for (std::string line; std::getline(lines, line);)
    if (const size_t end = line.find(' '); end != 0 && end != std::string::npos)
      names.insert(line.substr(0, end));
  for (const std::string& name : tree.List("sys/module")) names.insert(name);
  return {names.begin(), names.end()};
}

bool InContainer(const Tree& tree) {
  if (!tree.Resolve(".dockerenv").empty() || !tree.Resolve("run/.containerenv").empty())
    return true;
  const std::string groups = tree.Text("proc/1/cgroup");
  const auto names = {"docker", "kubepods", "containerd", "libpod", "lxc"};
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return groups.find(name) != std::string::npos; });
}

// The limit of our own control group or of the nearest one above it that has any.
std::string CpuMax(const Tree& tree) {
  const std::string own = tree.Text("proc/self/cgroup");
  const size_t unified = own.find("0::/");
  std::string path = unified == std::string::npos ? "" : own.substr(unified + 3);
  path = path.substr(0, path.find('\n'));
  if (path.find("..") != std::string::npos) path.clear();  // of another namespace
  for (std::string limit;; path.resize(path.rfind('/'))) {
    const std::string here = tree.Text("sys/fs/cgroup" + path + "/cpu.max");
    if (limit.empty() || !here.empty()) limit = here;
    const bool last = path.empty() || path.rfind('/') == std::string::npos;
    if (last || (!here.empty() && !here.starts_with("max"))) return limit;
  }
}

void ReadAttributes(const Tree& tree, MachineFacts& facts) {
  for (const char* path : kAttributes)
    if (std::string text = tree.Text(path); !text.empty()) facts.attributes[path] = text;
  if (std::string limit = CpuMax(tree); !limit.empty())
    facts.attributes["sys/fs/cgroup/cpu.max"] = limit;
}

}  // namespace

void ReadHost(const Tree& tree, MachineFacts& facts) {
  facts.modules = ReadModules(tree);
  facts.kernel_release = tree.Text("proc/sys/kernel/osrelease");
  facts.in_container = InContainer(tree);
  ReadAttributes(tree, facts);
  if (tree.root().empty())
    ReadLocalHost(facts);
  else
    ReadRecordedHost(tree, facts);
}

}  // namespace motley
