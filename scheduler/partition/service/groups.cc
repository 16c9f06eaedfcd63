#include <algorithm>
#include <set>

#include "scheduler/partition/service/service_plan.h"

namespace motley {
namespace {

// More groups than this are not tried together: every choice is a solve.
constexpr size_t kMostGroups = 5;

void Drop(MachineProfile& machine, const std::set<std::string>& gone) {
  std::erase_if(machine.devices,
                [&](const DeviceProfile& device) { return gone.contains(device.id); });
  std::erase_if(machine.links, [&](const LinkProfile& link) {
    return gone.contains(link.from) || gone.contains(link.to);
  });
}

}  // namespace

std::vector<MachineProfile> GroupChoices(const MachineProfile& machine) {
  std::vector<const DeviceProfile*> groups;
  for (const DeviceProfile& device : machine.devices) {
    if (!device.members.empty()) groups.push_back(&device);
  }
  std::vector<MachineProfile> choices;
  const size_t tried = std::min(groups.size(), kMostGroups);
  for (unsigned chosen = 0; chosen < 1u << tried; ++chosen) {
    std::set<std::string> gone;
    bool apart = true;
    for (size_t i = 0; i < groups.size(); ++i) {
      if (i >= tried || !(chosen >> i & 1)) {
        gone.insert(groups[i]->id);
        continue;
      }
      for (const std::string& member : groups[i]->members) apart &= gone.insert(member).second;
    }
    if (!apart) continue;
    MachineProfile choice = machine;
    Drop(choice, gone);
    for (DeviceProfile& device : choice.devices) device.members.clear();
    choices.push_back(std::move(choice));
  }
  return choices;
}

}  // namespace motley
