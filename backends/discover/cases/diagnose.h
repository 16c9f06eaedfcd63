#pragma once
// How a diagnosis is made: each question below is asked of one device and answers with the cases
// that hold, worst first. The first of driver, access and backend that finds something explains
// why no backend answered for the device. Stateless; any thread.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/discover/cases.h"
#include "backends/discover/sysfs/ids.h"

namespace motley {

struct Subject {
  const MachineFacts& facts;
  const PciFunction& function;
  const DeviceInfo* probed = nullptr;
};
using Findings = std::vector<Finding>;

// Is the right driver bound?
Findings DriverOfNvidia(const Subject& subject);
Findings DriverOfAmd(const Subject& subject);
Findings DriverOfIntel(const Subject& subject);
Findings DriverOfFpga(const Subject& subject);
Findings DriverOfAccelerator(const Subject& subject);
// Are its nodes there and open to this user?
Findings AccessTo(const Subject& subject);
// Is there a library that speaks to it?
Findings BackendOfNvidia(const Subject& subject);
Findings BackendOfAmd(const Subject& subject);
Findings BackendOfIntel(const Subject& subject);
Findings BackendOfFpga(const Subject& subject);
// Does it run as it should: link, memory, clocks, errors?
Findings ConditionOf(const Subject& subject);
// What its backend said of it; empty if that was "ready".
Findings AnswerOf(const DeviceInfo& probed);

// The finding of a case: {names} of its fix are replaced by `words`.
Finding Meet(int code, std::string reason,
             std::initializer_list<std::pair<std::string_view, std::string>> words = {});

// The findings as root of this machine is told them: without sudo, which a small one does not have.
Findings ForUser(const MachineFacts& facts, Findings findings);

// Facts by name, empty where they are not known.
std::string Attribute(const MachineFacts& facts, const std::string& name);
std::string Attribute(const PciFunction& function, const std::string& name);
// -1 where it is absent or no decimal number.
int64_t Number(const std::string& text);
bool HasModule(const MachineFacts& facts, std::string_view name);
// A library or .icd file whose name (without its folder) starts so.
bool HasLibrary(const MachineFacts& facts, std::string_view start);
// Whether Linux `release` ("6.1.0-49-amd64") is older than major.minor; false if it is not known.
bool OlderThan(const std::string& release, int major, int minor);
bool IsCloudKernel(const MachineFacts& facts);
// How many "0-1,4" lists.
int CountOfList(std::string_view list);
// The user for a command line: "$USER" where it is not known.
std::string UserOf(const MachineFacts& facts);
// Another function of the same card, "0000:81:00.1".
const PciFunction* OtherFunction(const Subject& subject, FpgaPart part);

}  // namespace motley
