#pragma once
// What the kernel says about devices that come, go or change while we run: its uevents, as a seam.
// The real source is a netlink socket; tests bring a script. A source is used by one thread.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace motley {

struct DeviceEvent {
  // kChange: also bound to or unbound from a driver, moved, on- or offline.
  // kLost: the kernel dropped events that nobody read in time: anything may have happened.
  enum class Action { kAdd, kRemove, kChange, kLost };
  Action action = Action::kChange;
  std::string subsystem;  // "pci", "drm", "cpu"
  std::string devpath;    // below /sys: "/devices/pci0000:00/0000:00:01.0"
  std::string pci;        // address of the PCI function it is of or hangs below; else empty
};

// Whether an inventory may differ after it: PCI functions, accelerators' nodes, CPUs and memory.
bool ConcernsDevices(const DeviceEvent& event);

// One message of NETLINK_KOBJECT_UEVENT: "add@/devices/..." and then KEY=VALUE, each ended by a
// zero byte (lib/kobject_uevent.c of Linux). Nothing for what is not of that form: udev's own
// messages, over 8 KiB, no zero at the end, an action, path or subsystem that is missing, too long
// or unknown, a path that the header and the keys do not agree on.
std::optional<DeviceEvent> ParseUevent(std::string_view message);

class DeviceEvents {
 public:
  virtual ~DeviceEvents() = default;
  // The next event; nothing when none came within `timeout_ms`, or what came was none. Errors:
  // Unavailable, and there will be no more.
  virtual Result<std::optional<DeviceEvent>> Next(int timeout_ms) = 0;
};

// The kernel's. Only its own messages count: other processes may send to the group as well.
// Errors: Unavailable (no such socket: some containers close it).
Result<std::unique_ptr<DeviceEvents>> OpenKernelEvents();

}  // namespace motley
