#include "backends/discover.h"

#include "backends/discover/sysfs/host.h"
#include "backends/discover/sysfs/numa.h"
#include "backends/discover/sysfs/pci.h"

namespace motley {

MachineFacts ReadFacts(const std::string& root) {
  const Tree tree(root);
  MachineFacts facts;
  facts.root = tree.root();
  facts.functions = ReadPciFunctions(tree);
  ReadNuma(tree, facts);
  ReadHost(tree, facts);
  return facts;
}

Result<Inventory> Discover(const std::string& root, std::vector<DeviceInfo> probed) {
  const Tree tree(root);
  if (!tree.IsFolder("sys") && !tree.IsFolder("proc"))
    return Error::NotFound("no recorded machine in " + (root.empty() ? "/" : root) +
                           ": neither sys nor proc is there")
        .Fix("name a folder that holds sys and proc, as hwloc-gather-topology records them");
  Inventory inventory;
  inventory.facts = ReadFacts(root);
  for (DeviceInfo& info : probed) inventory.facts.probed.push_back(std::move(info));
  inventory.devices = JoinDevices(inventory.facts);
  return inventory;
}

}  // namespace motley
