#include "backends/discover/sysfs/host.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "backends/discover/sysfs/local_host.h"
#include "backends/discover/sysfs/recorded_host.h"

namespace motley {
namespace {

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

}  // namespace

void ReadHost(const Tree& tree, MachineFacts& facts) {
  facts.modules = ReadModules(tree);
  facts.kernel_release = tree.Text("proc/sys/kernel/osrelease");
  facts.in_container = InContainer(tree);
  if (tree.root().empty())
    ReadLocalHost(facts);
  else
    ReadRecordedHost(tree, facts);
}

}  // namespace motley
