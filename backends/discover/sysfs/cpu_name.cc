#include <map>
#include <sstream>

#include "backends/discover/sysfs/numa.h"

namespace motley {
namespace {

struct ArmCore {
  uint32_t implementer, part;
  const char* name;
};
// Main ID Register of the cores that servers have; other parts are shown by number.
constexpr ArmCore kArmCores[] = {
    {0x41, 0xd03, "ARM Cortex-A53"},   {0x41, 0xd08, "ARM Cortex-A72"},
    {0x41, 0xd0b, "ARM Cortex-A76"},   {0x41, 0xd0c, "ARM Neoverse-N1"},
    {0x41, 0xd40, "ARM Neoverse-V1"},  {0x41, 0xd49, "ARM Neoverse-N2"},
    {0x41, 0xd4f, "ARM Neoverse-V2"},  {0x43, 0x0a1, "Cavium ThunderX"},
    {0x43, 0x0af, "Cavium ThunderX2"}, {0x48, 0xd01, "HiSilicon Kunpeng-920"},
    {0xc0, 0xac3, "Ampere-1"},         {0xc0, 0xac4, "Ampere-1a"},
};

std::string OneSpace(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string ArmName(const std::string& implementer, const std::string& part) {
  const auto maker = ParseHex(implementer, 0xff), core = ParseHex(part, 0xfff);
  if (!maker || !core) return {};
  for (const ArmCore& known : kArmCores)
    if (known.implementer == *maker && known.part == *core) return known.name;
  return "ARM CPU " + implementer + ":" + part;
}

}  // namespace

std::string CpuName(std::string_view cpuinfo) {
  std::map<std::string, std::string> fields;
  std::istringstream lines{std::string(cpuinfo)};
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view view = line;
    fields.emplace(Trimmed(view.substr(0, colon)), OneSpace(line.substr(colon + 1)));
  }
  // x86 and newer ARM; MIPS; POWER; Itanium; older ARM; s390.
  for (const char* key : {"model name", "cpu model", "cpu", "family", "Processor"})
    if (const auto found = fields.find(key); found != fields.end() && !found->second.empty())
      return found->second;
  const std::string arm = ArmName(fields["CPU implementer"], fields["CPU part"]);
  if (!arm.empty()) return arm;
  return fields["vendor_id"].empty() ? "CPU" : fields["vendor_id"];
}

}  // namespace motley
