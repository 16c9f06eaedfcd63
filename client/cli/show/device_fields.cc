#include "client/cli/show/device_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/bytes.h"
#include "base/nearest.h"

namespace motley {
namespace {

using nlohmann::json;

const json& Find(const json& device, std::string_view pointer) {
  static const json kNone = nullptr;
  const json::json_pointer at{std::string(pointer)};
  return device.contains(at) ? device.at(at) : kNone;
}

double Number(const json& device, std::string_view pointer) {
  const json& value = Find(device, pointer);
  return value.is_number() ? value.get<double>() : 0;
}

std::string Text(const json& device, std::string_view pointer) {
  const json& value = Find(device, pointer);
  return value.is_string() && !value.get_ref<const std::string&>().empty()
             ? value.get<std::string>()
             : "-";
}

// Files may hold any number: what is out of range is shown at its end.
std::string BytesText(double bytes) {
  return FormatBytes(static_cast<uint64_t>(std::clamp(bytes, 0.0, 1e19)));
}

std::string Memory(const json& device) {
  const double total = Number(device, "/memory_bytes");
  if (total == 0) return "-";
  const double free = Number(device, "/free_bytes");
  return free == 0 ? BytesText(total) : BytesText(free) + " / " + BytesText(total);
}

// In units of 10^9 or 10^12; "-" when it is not known.
std::string Scaled(const json& device, std::string_view pointer, double unit) {
  const double value = Number(device, pointer) / unit;
  return value == 0   ? "-"
         : value < 10 ? fmt::format("{:.1f}", value)
                      : fmt::format("{:.0f}", value);
}

std::string Link(const json& device) {
  const double generation = Number(device, "/link/generation");
  const double lanes = Number(device, "/link/lanes");
  if (generation == 0 || lanes == 0) return "-";
  const bool below = Number(device, "/link/max_lanes") > lanes;
  return fmt::format("gen{:.0f} x{:.0f}{}", generation, lanes, below ? " !" : "");
}

std::vector<std::string> DeviceHeader(bool wide) {
  std::vector<std::string> header = {"ID", "NAME", "PCI", "MEMORY", "GB/s", "INT8/F16 T", "LINK"};
  if (wide) header.insert(header.end(), {"NUMA", "DRIVER", "KERNELS", "UUID", "MEASURED"});
  header.push_back("STATE");
  return header;
}

std::vector<std::string> DeviceRow(const json& device, bool wide) {
  const std::string int8 = Scaled(device, "/peak/int8_ops", 1e12);
  const std::string f16 = Scaled(device, "/peak/f16_flops", 1e12);
  std::vector<std::string> row = {Text(device, "/id"),
                                  Text(device, "/name"),
                                  Text(device, "/pci"),
                                  Memory(device),
                                  Scaled(device, "/peak/bytes_per_s", 1e9),
                                  int8 == "-" && f16 == "-" ? "-" : int8 + " / " + f16,
                                  Link(device)};
  if (wide) {
    const double node = Number(device, "/numa_node");
    const std::string version = Text(device, "/driver/version");
    row.insert(row.end(),
               {node < 0 ? "-" : fmt::format("{:.0f}", node),
                Text(device, "/driver/name") + (version == "-" ? "" : " " + version),
                Text(device, "/kernels"), Text(device, "/uuid"), Text(device, "/measured_at")});
  }
  row.push_back(Text(device, "/state/code"));
  return row;
}

}  // namespace

const std::vector<DeviceField>& DeviceFields() {
  static const std::vector<DeviceField> kFields = {
      {"id", "/id", "Motley's name of the device"},
      {"name", "/name", "the maker's name"},
      {"kind", "/kind", "cpu, gpu, fpga or other"},
      {"backend", "/backend", "plug-in that runs it"},
      {"pci", "/pci", "PCI address"},
      {"uuid", "/uuid", "stable across restarts"},
      {"numa_node", "/numa_node", "NUMA node, -1: none"},
      {"driver", "/driver/name", "driver or kernel module"},
      {"driver_version", "/driver/version", "its version"},
      {"kernels", "/kernels", "level and build of our kernels"},
      {"memory_bytes", "/memory_bytes", "memory, bytes"},
      {"free_bytes", "/free_bytes", "free memory, bytes"},
      {"compute_units", "/compute_units", "cores, multiprocessors or compute units"},
      {"link_generation", "/link/generation", "PCI Express generation as trained"},
      {"link_lanes", "/link/lanes", "lanes as trained"},
      {"link_max_generation", "/link/max_generation", "generation that the device can do"},
      {"link_max_lanes", "/link/max_lanes", "lanes that the device can do"},
      {"bytes_per_s", "/peak/bytes_per_s", "memory bandwidth, bytes per second"},
      {"f16_flops", "/peak/f16_flops", "16-bit float operations per second"},
      {"int8_ops", "/peak/int8_ops", "8-bit integer operations per second"},
      {"peak_source", "/peak/source", "where these three come from"},
      {"measured_at", "/measured_at", "when it was last measured, RFC 3339"},
      {"state", "/state/code", "ready, degraded, no-driver, no-access, no-backend, failed"},
      {"code", "/code", "case, for motley explain"},
      {"reason", "/state/reason", "why it is not ready"},
      {"fix", "/state/fix", "what helps"},
  };
  return kFields;
}

Result<std::vector<DeviceField>> ChooseFields(const std::string& names) {
  std::vector<DeviceField> chosen;
  std::istringstream in(names + ",");
  for (std::string name; std::getline(in, name, ',');) {
    name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
    name.erase(name.find_last_not_of(' ') + 1);
    const auto found = std::ranges::find(DeviceFields(), name, &DeviceField::name);
    if (found == DeviceFields().end()) {
      std::vector<std::string> known;
      for (const DeviceField& field : DeviceFields()) known.emplace_back(field.name);
      const std::string what =
          name.empty() ? "an empty name in \"" + names + "\""
                       : "no field \"" + name + "\", the nearest is " + NearestName(name, known);
      return Error::Invalid("fields", what).Fix("motley devices --fields help lists them");
    }
    chosen.push_back(*found);
  }
  return chosen;
}

json FieldsOf(const json& device, const std::vector<DeviceField>& fields) {
  json out = json::object();
  for (const DeviceField& field : fields)
    out[std::string(field.name)] = Find(device, field.pointer);
  return out;
}

std::string FieldText(const json& device, const DeviceField& field) {
  const json& value = Find(device, field.pointer);
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Table DeviceTable(const json& devices, bool wide) {
  Table table(DeviceHeader(wide));
  table.AlignRight({3, 4, 5}).Elastic(1);
  for (const json& device : devices) table.Add(DeviceRow(device, wide));
  return table;
}

std::string DeviceNotes(const json& document) {
  const bool utf8 = Utf8Locale();
  std::string out;
  const auto note = [&](const std::string& of, const json& finding) {
    out += "! " + Plain(of + ": " + Text(finding, "/reason"), utf8) + "\n";
    for (const auto& [pointer, before] :
         {std::pair("/fix", "    "), std::pair("/code", "    motley explain ")}) {
      const std::string text = Plain(Text(finding, pointer), utf8);
      if (text != "-") out += before + text + "\n";
    }
  };
  const json& devices = Find(document, "/devices");
  if (std::ranges::none_of(devices, [](const json& d) { return Find(d, "/pci").is_string(); }))
    out += "no GPU, FPGA or other accelerator is on the PCI bus\n";
  for (const json& device : devices)
    for (const json& finding : Find(device, "/findings")) note(Text(device, "/id"), finding);
  for (const json& finding : Find(document, "/findings")) note("machine", finding);
  return out;
}

}  // namespace motley
