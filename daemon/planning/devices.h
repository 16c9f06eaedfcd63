#pragma once
// The devices of this machine as motley.devices/1 of docs/formats.md, and the choice among them.
// Any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "backends/discover.h"
#include "base/result.h"

namespace motley {

// `measured_at_s`: unix seconds of each device's newest profile, 0: never. A card that the catalog
// knows gets its data sheet's rates, marked as such in peak.source.
nlohmann::json DevicesToJson(const Inventory& inventory, const std::vector<int64_t>& measured_at_s);

// The devices named (by id, PCI address or uuid), in that order; nothing named: all that are ready.
// NotFound names the nearest id; Unavailable: the device is not ready, with reason and fix.
Result<std::vector<DeviceInfo>> ChooseDevices(const std::vector<DeviceInfo>& all,
                                              const std::vector<std::string>& names);

}  // namespace motley
