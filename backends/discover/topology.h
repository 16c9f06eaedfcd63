#pragma once
// Which device hangs where: NUMA nodes, PCIe ports and switches, devices, as a tree; and machines
// that exist only as a line of text. Plain data; any thread.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "backends/discover.h"
#include "base/result.h"

namespace motley {

struct TopologyNode {
  std::string kind;   // "machine", "numa", "port", "switch" or "device"
  std::string id;     // "numa0", "0000:20:01.1", "nv0"
  std::string label;  // name of a device, CPUs of a node
  std::string state;  // of a device
  uint64_t memory_bytes = 0;
  std::optional<PciLink> link;  // up to the parent
  std::vector<TopologyNode> children;
};

// Bridges that only one device is behind are left out, but the root port: what remains is where
// devices share a way. Devices without a NUMA node hang on the machine.
TopologyNode BuildTopology(const Inventory& inventory);

// Bytes per second of a direction at most: lane rate x lanes after line coding (PCI-SIG base
// specifications); 0 where the link is not known.
double LinkBytesPerSecond(const PciLink& link);

// A machine from words such as "numa:2 nv:1@gen4x16 amd:1@gen4x8 fpga:1@gen3x16": devices go to the
// nodes in turn. Errors: InvalidArgument names the word and its limit (64 of a kind, generation 1
// to 7, lanes 1 to 32).
Result<Inventory> SyntheticMachine(const std::string& text);

// motley.topology/1 of docs/formats.md. Errors name the key.
nlohmann::json ToJson(const TopologyNode& node);
Result<TopologyNode> TopologyFromJson(const nlohmann::json& json);

}  // namespace motley
