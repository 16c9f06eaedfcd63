#pragma once
// NUMA nodes, their CPUs and their memory. Stateless; any thread.

#include <bitset>
#include <string_view>

#include "backends/discover/facts.h"
#include "backends/discover/sysfs/tree.h"

namespace motley {

inline constexpr int kCpuLimit = 8192;  // CONFIG_NR_CPUS of the largest distributions
using CpuSet = std::bitset<kCpuLimit>;

// Sets numa_nodes and cpus of `facts`. A CPU that several nodes claim is the first one's. The CPUs'
// memory adds up to the nodes' or, where that is more, to MemTotal of proc/meminfo, without the
// memory of cards that are nodes of their own.
void ReadNuma(const Tree& tree, MachineFacts& facts);

// "0-3,8" of sysfs; what is not of that form ends the list.
CpuSet ParseCpus(std::string_view list);
// "0000ffff,00000003" of older kernels: 32 bits a word, the highest first.
CpuSet ParseCpuMask(std::string_view mask);
// Name of the first CPU of proc/cpuinfo, whatever the architecture calls the line; "CPU" if none.
std::string CpuName(std::string_view cpuinfo);

}  // namespace motley
