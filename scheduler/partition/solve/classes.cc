#include "scheduler/partition/solve/classes.h"

#include <algorithm>
#include <set>

namespace motley {
namespace {

bool IsGroup(const DeviceProfile& device) { return !device.members.empty(); }

bool Contains(const DeviceProfile& group, const std::string& id) {
  return std::find(group.members.begin(), group.members.end(), id) != group.members.end();
}

// Whether exchanging a and b leaves the machine as it was.
bool Exchangeable(const MachineProfile& machine, const Felt& felt, size_t a, size_t b) {
  const size_t count = machine.devices.size();
  const auto link = [&](size_t from, size_t to) { return felt.links[from * count + to]; };
  if (felt.devices[a] != felt.devices[b] || link(a, b) != link(b, a)) return false;
  for (size_t other = 0; other < count; ++other) {
    if (other == a || other == b) continue;
    if (link(a, other) != link(b, other) || link(other, a) != link(other, b)) return false;
    const DeviceProfile& group = machine.devices[other];
    if (Contains(group, machine.devices[a].id) != Contains(group, machine.devices[b].id)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<AlikeDevices> FindClasses(const MachineProfile& machine, const Felt& felt) {
  std::vector<AlikeDevices> classes;
  const size_t count = machine.devices.size();
  for (size_t device = 0; device < count; ++device) {
    if (IsGroup(machine.devices[device])) continue;
    const auto alike = std::find_if(classes.begin(), classes.end(), [&](const AlikeDevices& found) {
      return Exchangeable(machine, felt, static_cast<size_t>(found.members[0]), device);
    });
    if (alike == classes.end()) {
      classes.push_back({{static_cast<int>(device)}, {}});
    } else {
      alike->members.push_back(static_cast<int>(device));
    }
  }
  const size_t plain = classes.size();
  for (size_t device = 0; device < count; ++device) {
    if (!IsGroup(machine.devices[device])) continue;
    AlikeDevices group{{static_cast<int>(device)}, {}};
    for (size_t cls = 0; cls < plain; ++cls) {
      const auto member = static_cast<size_t>(classes[cls].members[0]);
      if (Contains(machine.devices[device], machine.devices[member].id)) {
        group.parts.push_back(static_cast<int>(cls));
      }
    }
    classes.push_back(std::move(group));
  }
  return classes;
}

Status CheckGroups(const MachineProfile& machine) {
  for (const DeviceProfile& group : machine.devices) {
    std::set<std::string> seen;
    for (const std::string& id : group.members) {
      const auto member =
          std::find_if(machine.devices.begin(), machine.devices.end(),
                       [&](const DeviceProfile& device) { return device.id == id; });
      const char* wrong = member == machine.devices.end() ? "no device has this id"
                          : IsGroup(*member)              ? "it is a group itself"
                          : !seen.insert(id).second       ? "it is there twice"
                                                          : nullptr;
      if (!wrong) continue;
      return Error::Invalid("members", group.id + ".members names \"" + id + "\": " + wrong);
    }
  }
  return {};
}

}  // namespace motley
