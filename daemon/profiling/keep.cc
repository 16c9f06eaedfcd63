#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/os.h"
#include "daemon/profiling/profiling.h"
#include "hwprofiles/store.h"

namespace motley {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kWorkload = "ops/1";

ProfileKey KeyOf(const DeviceInfo& d) {
  return {d.uuid, DriverAndCap(d, ""), d.kernels, kWorkload};
}

// Microwatts in a file of sysfs, 0 if there is none.
int64_t Microwatts(const fs::path& path) {
  const auto text = ReadFile(path.string(), 64);
  int64_t value = 0;
  if (!text.ok()) return 0;
  std::from_chars(text->data(), text->data() + text->size(), value);
  return std::max<int64_t>(value, 0);
}

// A card's limit is in its hwmon, a socket's in intel-rapl.
int64_t PowerCap(const DeviceInfo& device, const std::string& root) {
  const fs::path sys = root + "/sys";
  std::error_code none;
  if (device.kind == "cpu") {
    const std::string zone = "intel-rapl:" + std::to_string(std::max(0, device.numa_node));
    return Microwatts(sys / "class/powercap" / zone / "constraint_0_power_limit_uw");
  }
  if (device.pci.empty()) return 0;
  const fs::path monitors = sys / "bus/pci/devices" / device.pci / "hwmon";
  for (const auto& monitor : fs::directory_iterator(monitors, none)) {
    if (const int64_t cap = Microwatts(monitor.path() / "power1_cap"); cap > 0) return cap;
  }
  return 0;
}

}  // namespace

std::string DriverAndCap(const DeviceInfo& device, const std::string& root) {
  const int64_t cap = PowerCap(device, root);
  std::string out = device.driver_name;
  if (!device.driver_version.empty()) out += " " + device.driver_version;
  if (cap > 0) out += (out.empty() ? "cap " : " cap ") + std::to_string(cap / 1'000'000) + " W";
  return out;
}

std::optional<OpProfile> StoredOps(const DeviceInfo& device) {
  auto store = OpenProfileStore(StateFolder());
  if (!store.ok()) {
    LogWarning(store.error().message);
    return std::nullopt;
  }
  const auto stored = (*store)->Get(KeyOf(device));
  if (!stored.ok() || !*stored) return std::nullopt;
  auto profile = OpProfileFromJson(json::parse((*stored)->value_json, nullptr, false));
  if (!profile.ok()) return std::nullopt;
  return profile.ReleaseValue();
}

Status KeepOps(const DeviceInfo& device, const OpProfile& measured) {
  OpProfile all = StoredOps(device).value_or(measured);
  MergeInto(measured, all);
  const auto store = TRY(OpenProfileStore(StateFolder()));
  return store->Put(KeyOf(device), ToJson(all), all.measured_at_s);
}

}  // namespace motley
