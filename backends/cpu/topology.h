#pragma once
// What Linux says about the CPUs of this machine: one node per NUMA node that has CPUs this process
// may use. Reads /proc and /sys only; any thread. A machine without /sys/devices/system/node is one
// node.

#include <sched.h>

#include <cstdint>
#include <string>
#include <vector>

namespace motley {

struct CpuNode {
  int index = 0;              // Linux's number of the node
  cpu_set_t cpus;             // allowed to this process
  std::string model;          // "Intel(R) Xeon(R) Gold 6242"
  std::string identity;       // vendor, family, model, stepping: for the UUID
  uint64_t memory_bytes = 0;  // of the node, or the control group's limit if that is lower
  uint64_t free_bytes = 0;    // free and cached
};

// `root` is "" or the folder of a recorded machine that holds proc/ and sys/.
std::vector<CpuNode> ReadCpuNodes(const std::string& root);

// "0-3,8" -> {0, 1, 2, 3, 8}; what is not of that form ends the list.
cpu_set_t ParseCpuList(const std::string& text);

// CPUs' worth of time per second that the control group allows, rounded up; 0: no limit.
int CpuQuota(const std::string& root);

}  // namespace motley
