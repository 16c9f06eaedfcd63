#pragma once
// Every device of a machine in one list: what is on the bus, what the backends' probes answered,
// what keeps each from working and what to do about it. Any thread; touches no device node.

#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/discover/facts.h"
#include "base/result.h"

namespace motley {

// One of the cases of backends/discover/cases.h, as it is met: `reason` and `fix` with this
// machine's names and numbers in them.
struct Finding {
  int code = 0;       // MOT-nnn
  std::string state;  // ready, degraded, no-driver, no-access, no-backend, failed, quarantined
  std::string reason, fix;
};

struct InventoryEntry {
  DeviceInfo info;                      // state, reason and fix are those of the worst finding
  std::optional<PciFunction> function;  // of a device on the bus
  std::vector<Finding> findings;        // worst first
};

struct Inventory {
  std::vector<InventoryEntry> devices;  // usable or not, in the order of their ids
  MachineFacts facts;
};

// Reads the facts of `root` ("" is this machine; else a folder with sys/ and proc/) and joins them
// with what the probes answered, by PCI address. Errors: NotFound (no such root, or neither sys/
// nor proc/ in it). A tree that is damaged, loops or lies gives fewer facts, never an error.
Result<Inventory> Discover(const std::string& root, std::vector<DeviceInfo> probed);

// Parts of it, for tests and other readers.
MachineFacts ReadFacts(const std::string& root);
std::vector<InventoryEntry> JoinDevices(const MachineFacts& facts);

}  // namespace motley
