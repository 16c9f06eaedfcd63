#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

constexpr uint16_t kHabana = 0x1da3, kTenstorrent = 0x1e52, kHailo = 0x1e60, kAmdCpu = 0x1022;

std::string ModuleOf(uint16_t vendor) {
  switch (vendor) {
    case kHabana:
      return "habanalabs";
    case kTenstorrent:
      return "tenstorrent";
    case kHailo:
      return "hailo_pci";
    case kAmdCpu:
      return "amdxdna";
    default:
      return "MODULE";
  }
}

// "0000:81:00.1" for the management function 0000:81:00.0.
std::string UserFunctionOf(const std::string& address) {
  return address.empty() ? address : address.substr(0, address.size() - 1) + "1";
}

Finding Management(const Subject& subject) {
  if (const PciFunction* user = OtherFunction(subject, FpgaPart::kUser)) {
    return Meet(165, "the management half of the card; " + user->address + " computes",
                {{"user-function", user->address}});
  }
  return Meet(162, "only the management function of the card is here",
              {{"user-function", UserFunctionOf(subject.function.address)}});
}

}  // namespace

Findings DriverOfFpga(const Subject& subject) {
  const PciFunction& function = subject.function;
  switch (FpgaPartOf(function.vendor, function.device)) {
    case FpgaPart::kGolden:
      return {Meet(161, "the card shows its golden image: it needs to be flashed with a platform",
                   {{"pci", function.address}})};
    case FpgaPart::kManagement:
      return {Management(subject)};
    case FpgaPart::kUser:
      if (function.driver == "xocl") return {};
      return {Meet(160, "xocl is not bound to the card")};
    case FpgaPart::kUnknown:
      break;
  }
  return {Meet(164, "an FPGA with a design that is not known", {{"pci", function.address}})};
}

Findings BackendOfFpga(const Subject& subject) {
  if (!HasLibrary(subject.facts, "libxrt_coreutil.so"))
    return {Meet(131, "xocl is bound, but the XRT library is missing")};
  return {Meet(167, "the card and XRT are there, but no plug-in of Motley speaks to XRT")};
}

Findings DriverOfAccelerator(const Subject& subject) {
  const PciFunction& function = subject.function;
  if (function.driver.empty()) {
    return {Meet(166, "no driver is bound to the accelerator",
                 {{"pci", function.address}, {"module", ModuleOf(function.vendor)}})};
  }
  return {Meet(167, function.driver + " is bound, but no plug-in of Motley speaks to it")};
}

}  // namespace motley
