#pragma once
// What keeps a device from working, case by case: one table that `motley devices`, `motley doctor`
// and `motley explain` print and that docs/cases.md is made from. Stateless; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "backends/discover.h"

namespace motley {

struct Case {
  int code;                // MOT-nnn
  std::string_view state;  // that a device in it has
  std::string_view title;  // one line
  std::string_view cause;  // a short paragraph: what it means
  std::string_view fix;    // a line for a shell, notes behind #; {names} are filled in when met
};

// By code. Codes are never given to another case.
const std::vector<Case>& Cases();
const Case* FindCase(int code);
std::string CaseName(int code);  // "MOT-114"
// What `motley explain MOT-nnn` prints: several lines, the last one ended.
std::string ExplainCase(const Case& one);
// docs/cases.md.
std::string CasesPage();

// What holds of an accelerator on the bus (`probed`: the backend's answer for it, if any), worst
// first; empty: ready and nothing to say.
std::vector<Finding> Diagnose(const MachineFacts& facts, const PciFunction& function,
                              const DeviceInfo* probed);
// What holds of a device that only a backend knows (a CPU, an OpenCL platform without an address).
std::vector<Finding> Diagnose(const MachineFacts& facts, const DeviceInfo& probed);
// What is wrong with the machine itself (no ICD loader, locked memory, huge pages...), for doctor.
std::vector<Finding> DiagnoseMachine(const MachineFacts& facts);

}  // namespace motley
