#include "daemon/planning/devices.h"

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "backends/discover/cases.h"
#include "backends/discover/inventory_json.h"
#include "hwprofiles/cards/catalog.h"

namespace motley {
namespace {

using nlohmann::json;

json Rfc3339(int64_t unix_s) {
  if (unix_s == 0) return nullptr;
  char text[32];
  const time_t t = unix_s;
  tm parts{};
  gmtime_r(&t, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// A degraded device is slower than it could be, and its measurement knows.
bool Usable(const DeviceInfo& d) { return d.state == "ready" || d.state == "degraded"; }

// Of one of the `chips` that a card shows itself as.
json OrNull(const std::optional<double>& number, int chips) {
  return number ? json(*number / chips) : json(nullptr);
}

std::string Hex(unsigned number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%04x", number);
  return digits;
}

// What keeps devices from being seen at all: no loader, no implementation, a container's walls.
json MissingOf(const MachineFacts& facts) {
  json findings = json::array();
  for (const Finding& finding : DiagnoseMachine(facts)) {
    if (finding.state != "ready" && finding.state != "degraded")
      findings.push_back(FindingToJson(finding));
  }
  return findings;
}

json PeakOf(const InventoryEntry& entry, const std::vector<CatalogEntry>& catalog) {
  if (!entry.function) return nullptr;
  const CatalogEntry* known =
      FindByPciId(catalog, Hex(entry.function->vendor), Hex(entry.function->device));
  if (!known) return nullptr;
  return {{"bytes_per_s", OrNull(known->peak.bytes_per_s, known->chips)},
          {"f16_flops", OrNull(known->peak.f16_flops, known->chips)},
          {"int8_ops", OrNull(known->peak.int8_ops, known->chips)},
          {"source", "data sheet: " + known->id}};
}

}  // namespace

json DevicesToJson(const Inventory& inventory, const std::vector<int64_t>& measured_at_s) {
  json out = InventoryToJson(inventory);
  out["findings"] = MissingOf(inventory.facts);
  const auto loaded = Catalog();
  const std::vector<CatalogEntry> catalog = loaded.ok() ? *loaded : std::vector<CatalogEntry>();
  for (size_t i = 0; i < inventory.devices.size(); ++i) {
    json& device = out["devices"][i];
    device["measured"] = measured_at_s[i] != 0;
    device["measured_at"] = Rfc3339(measured_at_s[i]);
    device["peak"] = PeakOf(inventory.devices[i], catalog);
  }
  return out;
}

Result<std::vector<DeviceInfo>> ChooseDevices(const std::vector<DeviceInfo>& all,
                                              const std::vector<std::string>& names) {
  std::vector<DeviceInfo> chosen;
  std::string known;
  for (const DeviceInfo& d : all) {
    if (names.empty() && Usable(d)) chosen.push_back(d);
    known += (known.empty() ? "" : ", ") + d.id;
  }
  for (const std::string& name : names) {
    const DeviceInfo* found = nullptr;
    for (const DeviceInfo& d : all) {
      if (name == d.id || (!d.pci.empty() && name == d.pci) || (!d.uuid.empty() && name == d.uuid))
        found = &d;
    }
    if (!found) {
      Error error = Error::NotFound("no device \"" + name + "\"; this machine has " + known);
      error.field = "devices";
      return std::move(error).Fix("motley devices lists them");
    }
    if (!Usable(*found)) {
      return Error::Unavailable("device " + found->id + " is " + found->state + ": " +
                                found->reason)
          .Fix(found->fix);
    }
    for (const DeviceInfo& d : chosen) {
      if (d.id == found->id) return Error::Invalid("devices", "device " + d.id + " is named twice");
    }
    chosen.push_back(*found);
  }
  if (chosen.empty()) {
    return Error::Unavailable("no device is ready")
        .Fix("motley devices says what keeps each from working");
  }
  return chosen;
}

}  // namespace motley
