#pragma once
// Columns of `motley devices`, read from motley.devices/1: whatever is printed, as table, CSV or
// Markdown, comes from the same JSON that --json prints. Any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/cli/output.h"

namespace motley {

struct DeviceField {
  std::string_view name;     // "free_bytes": base units, as in the JSON
  std::string_view pointer;  // JSON pointer into a device
  std::string_view about;    // with the unit
};
const std::vector<DeviceField>& DeviceFields();

// Fields by name ("id,pci, link_lanes"). InvalidArgument names the nearest.
Result<std::vector<DeviceField>> ChooseFields(const std::string& names);

// The value as text: numbers as they are, null and absent are "".
std::string FieldText(const nlohmann::json& device, const DeviceField& field);

// An object of these fields by name, null where a device has none.
nlohmann::json FieldsOf(const nlohmann::json& device, const std::vector<DeviceField>& fields);

// The table for people: ID NAME PCI MEMORY ..., with units.
Table DeviceTable(const nlohmann::json& devices, bool wide);

// What stands under it, of a motley.devices/1 document: every device that is not plainly ready,
// what keeps devices from being seen, and what to do.
std::string DeviceNotes(const nlohmann::json& document);

}  // namespace motley
