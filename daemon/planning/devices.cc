#include "daemon/planning/devices.h"

#include <ctime>
#include <nlohmann/json.hpp>

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

json TextOrNull(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

}  // namespace

json DevicesToJson(const std::vector<DeviceInfo>& devices,
                   const std::vector<int64_t>& measured_at_s) {
  json out{{"schema", "motley.devices/1"}, {"devices", json::array()}};
  for (size_t i = 0; i < devices.size(); ++i) {
    const DeviceInfo& d = devices[i];
    const json driver = d.driver_name.empty()
                            ? json(nullptr)
                            : json{{"name", d.driver_name}, {"version", d.driver_version}};
    const json none = nullptr;
    out["devices"].push_back({
        {"id", d.id},
        {"kind", d.kind},
        {"backend", d.backend},
        {"name", d.name},
        {"pci", TextOrNull(d.pci)},
        {"uuid", d.uuid},
        {"numa_node", d.numa_node},
        {"driver", driver},
        {"kernels", d.kernels},
        {"memory_bytes", d.memory_bytes},
        {"free_bytes", d.free_bytes},
        {"compute_units", d.compute_units},
        {"link", none},
        {"peak", none},
        {"measured", measured_at_s[i] != 0},
        {"measured_at", Rfc3339(measured_at_s[i])},
        {"state", {{"code", d.state}, {"reason", d.reason}, {"fix", d.fix}}},
    });
  }
  return out;
}

Result<std::vector<DeviceInfo>> ChooseDevices(const std::vector<DeviceInfo>& all,
                                              const std::vector<std::string>& names) {
  std::vector<DeviceInfo> chosen;
  std::string known;
  for (const DeviceInfo& d : all) {
    if (names.empty() && d.state == "ready") chosen.push_back(d);
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
    if (found->state != "ready") {
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
