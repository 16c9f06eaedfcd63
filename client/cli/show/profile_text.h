#pragma once
// What `motley profile` prints: its tables, and the same as JSON. No device is touched.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/profiling/profiling.h"
#include "daemon/profiling/report.h"

namespace motley {

// One device's run and what was known before it.
struct ProfiledDevice {
  DeviceRun run;
  OpProfile all;  // with what earlier runs measured
  std::optional<Difference> from_last;
};

// Every sweep in one row: rates, spread, disturbed points, and a line of the device's best.
std::string ResultTable(const ProfiledDevice& device);
// Every op, type and regime in one row: errors of points that the fit did not see.
std::string CheckTable(const OpProfile& profile);
// The same of a machine file's layer_times.
inline constexpr double kLayerMedian = 0.10;  // allowed
std::string LayerCheckTable(const DeviceProfile& device);
std::string SweepTable();
std::string CompareTable(const std::vector<RateChange>& changes);

// An element of motley.profiles/1's "devices".
nlohmann::json ToJson(const ProfiledDevice& device);
nlohmann::json SweepsJson();
nlohmann::json ToJson(const std::vector<RateChange>& changes);

}  // namespace motley
