#pragma once
// What the operating system says about a machine, before any driver is asked: plain data, read from
// sysfs and proc of this machine or of a recorded one (docs/formats.md). Any thread.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "backends/backend.h"

namespace motley {

// PCIe link of a function: 0 where the machine does not tell. Generation 1 is 2.5 GT/s.
struct PciLink {
  int generation = 0, lanes = 0;            // as trained
  int max_generation = 0, max_lanes = 0;    // what the device can do
  int slot_generation = 0, slot_lanes = 0;  // what the port above it can do
};

struct PciFunction {
  std::string address;  // "0000:21:00.0", domain of 4 to 8 digits
  uint16_t vendor = 0, device = 0, subsystem_vendor = 0, subsystem_device = 0;
  uint32_t class_code = 0;  // 24 bits: 0x030200
  int numa_node = -1;
  std::string driver;  // bound kernel module, empty: none
  std::string name;    // of our table or pci.ids; "10de:2204" when neither knows it
  PciLink link;
  std::vector<std::string> bridges;  // addresses from the root port down to the port above it
  std::map<std::string, std::string> attributes;  // other small files of interest, trimmed
};

// A device node, as far as the user that runs Motley is concerned.
struct DeviceNode {
  std::string path;         // "/dev/kfd"
  std::string group;        // that owns it, "render"
  bool accessible = false;  // for reading and writing
};

// A NUMA node as sysfs shows it.
struct NumaNode {
  int index = 0;
  int cpus = 0;               // online
  uint64_t memory_bytes = 0;  // of the node's own memory
  std::string pci;            // address of the card whose memory it is (NVLink to POWER, Grace)
};

struct MachineFacts {
  std::string root;                    // folder they were read from; "" is this machine
  std::vector<PciFunction> functions;  // all of the bus, by address
  std::vector<std::string> modules;    // loaded kernel modules
  std::vector<DeviceNode> nodes;       // of accelerators: /dev/nvidia*, /dev/kfd, /dev/dri/render*
  std::vector<std::string> libraries;  // vendor libraries and ICDs that were found
  std::vector<DeviceInfo> probed;      // what the backends' probes answered
  std::vector<NumaNode> numa_nodes;    // by index
  // One for each NUMA node that has CPUs, "cpu0"...; memory without CPUs (HBM, CXL) counts with the
  // nearest, so that they add up to the machine's. Listed where no backend answered for a CPU.
  std::vector<DeviceInfo> cpus;
  std::string kernel_release;
  std::string user;
  bool in_container = false;
  // Other small files of the machine, trimmed, by path: "proc/swaps", "proc/self/limits",
  // "proc/sys/kernel/numa_balancing", "proc/sys/vm/nr_hugepages",
  // "sys/kernel/mm/transparent_hugepage/enabled", "sys/kernel/security/lockdown",
  // "sys/module/nvidia/version", "sys/fs/cgroup/cpu.max" (of our own cgroup, wherever it is),
  // "sys/devices/system/cpu/online", "sys/devices/system/node/online". Absent where not there.
  std::map<std::string, std::string> attributes;
};

}  // namespace motley
