#pragma once
// Machines made by hand, in one expression: Box::Nvidia(0x2204).Bound("nvidia").Node(...).

#include <string>
#include <utility>
#include <vector>

#include "backends/discover/cases.h"

namespace motley {

class Box {
 public:
  // A machine of Debian 12 without any card.
  static Box Empty();
  // With one card, not bound to any driver.
  static Box Card(uint16_t vendor, uint16_t device, uint32_t class_code);
  static Box Nvidia(uint16_t device) { return Card(0x10de, device, 0x030000); }
  static Box Amd(uint16_t device) { return Card(0x1002, device, 0x030000); }
  static Box Intel(uint16_t device) { return Card(0x8086, device, 0x030000); }
  static Box Alveo(uint16_t device) { return Card(0x10ee, device, 0x120000); }
  // What a backend says, of a device that is not on the bus.
  static Box Says(std::string state, std::string reason, std::string name = "a device");

  Box Bound(std::string driver) const;
  Box Module(std::string name) const;
  Box Node(std::string path, std::string group, bool accessible) const;
  Box Library(std::string path) const;
  Box Kernel(std::string release) const;
  Box InContainer() const;
  Box Root(std::string root) const;
  Box User(std::string name) const;
  Box Numa(int node) const;
  Box Link(PciLink link) const;
  Box Attribute(std::string name, std::string value) const;                       // of the card
  Box Fact(std::string name, std::string value) const;                            // of the machine
  Box Probed(std::string state, std::string reason, std::string fix = "") const;  // of the card
  Box Memory(uint64_t bytes, std::string resource) const;  // probed, and its regions; in a slot
  Box Failed(std::string reason) const;                    // the opencl backend as a whole
  Box WithFunction(uint16_t vendor, uint16_t device, std::string address) const;
  // Asked of DiagnoseMachine.
  Box Itself() const;

  std::vector<Finding> Findings() const;

 private:
  MachineFacts facts_;
  bool has_card_ = false, has_answer_ = false, itself_ = false;
  DeviceInfo answer_;
};

// Whether one of the findings is this case.
bool Holds(const std::vector<Finding>& findings, int code);

// A case that holds on one box and not on another that is nearly the same.
struct Scenario {
  int code;
  std::string name;  // of the test
  Box met, near_miss;
};
std::vector<Scenario> ConditionScenarios();
std::vector<Scenario> AccessScenarios();
std::vector<Scenario> BackendScenarios();
std::vector<Scenario> NvidiaScenarios();
std::vector<Scenario> VendorScenarios();
std::vector<Scenario> RuntimeScenarios();

}  // namespace motley
