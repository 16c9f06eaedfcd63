#pragma once
// Which way between two devices carries how much: by the PCIe links that it goes over, and as
// measured. Pure functions.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "backends/discover/topology.h"
#include "hwprofiles/profile.h"

namespace motley {

// A directed way. 0: not known.
struct MatrixPair {
  std::string from, to;    // ids of devices, or "host"
  double bytes_per_s = 0;  // at most: the narrowest link up to where both ways meet, and down
  std::string via;         // where they meet: a port, a switch, "host"; empty: not known
  bool staged = false;     // two PCIe devices that meet in host memory
  double measured_bytes_per_s = 0, measured_us = 0;  // bandwidth, latency
  bool suspicious = false;                           // there is a finding on it
};

struct MatrixFinding {
  std::string where;  // "nv0", "host -> nv0"
  std::string reason, fix;
};

struct LinkMatrix {
  std::vector<std::string> ends;  // "host" and the devices
  std::vector<MatrixPair> pairs;  // all ordered ones, row by row
  std::vector<MatrixFinding> findings;
};

// `measured` may name devices that the tree does not have: they get rows of their own. Suspicious
// is a link that is trained below what device and slot can do (a device whose slot is not known:
// below what it can do), and a way measured at less than half of what its links carry, or at more.
LinkMatrix BuildMatrix(const TopologyNode& root, const std::vector<LinkProfile>& measured);

// "measured/at most" GB/s and us in each cell, and the findings below.
std::string MatrixText(const LinkMatrix& matrix);
std::string MatrixMarkdown(const LinkMatrix& matrix);
// motley.matrix/1 of docs/formats.md.
nlohmann::json ToJson(const LinkMatrix& matrix);

}  // namespace motley
