#pragma once
// The inventory as motley.devices/1 of docs/formats.md. Stateless; any thread.

#include <nlohmann/json_fwd.hpp>

#include "backends/discover.h"

namespace motley {

// What was measured is not known here: `peak` and `measured_at` are null, `measured` is false.
nlohmann::json InventoryToJson(const Inventory& inventory);
// One element of its `devices`.
nlohmann::json EntryToJson(const InventoryEntry& entry);
// One element of the `findings` of a device or a machine.
nlohmann::json FindingToJson(const Finding& finding);

}  // namespace motley
