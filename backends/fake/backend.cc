#include <cstdlib>
#include <nlohmann/json.hpp>

#include "backends/fake/device.h"
#include "backends/fake/fake.h"
#include "base/os.h"
#include "hwprofiles/profile.h"

namespace motley {
namespace {

constexpr uint64_t kMachineLimit = 16 << 20;  // bytes of a machine file
constexpr double kDefaultBytes = 4.0 * (1 << 30);

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Result<MachineProfile> ReadMachine() {
  const std::string path = Variable("MOTLEY_FAKE_MACHINE");
  if (path.empty()) {
    MachineProfile machine;
    machine.devices.push_back({.id = "fake0",
                               .kind = "gpu",
                               .name = "Fake device",
                               .memory_bytes = kDefaultBytes,
                               .usable_bytes = kDefaultBytes});
    return machine;
  }
  const std::string text = TRY(ReadFile(path, kMachineLimit));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error::Invalid("MOTLEY_FAKE_MACHINE", path + " is not JSON");
  return MachineFromJson(json);
}

Result<CpuLevel> LevelFromEnvironment() {
  const std::string name = Variable("MOTLEY_KERNELS");
  if (name.empty() || name == "auto") return CpuLevel::kScalar;
  const auto level = CpuLevelFromName(name);
  if (!level || !CpuHasLevel(*level)) {
    return Error::Invalid("MOTLEY_KERNELS",
                          "MOTLEY_KERNELS is \"" + name + "\", which is no level of this CPU");
  }
  return *level;
}

DeviceInfo InfoOf(const DeviceProfile& profile, CpuLevel level) {
  const double usable = profile.usable_bytes > 0 ? profile.usable_bytes : profile.memory_bytes;
  DeviceInfo info;
  info.id = profile.id;
  info.kind = profile.kind.empty() ? "other" : profile.kind;
  info.backend = "fake";
  info.name = profile.name.empty() ? profile.id : profile.name;
  info.uuid = "fake-" + profile.id;
  info.kernels = std::string("fake-") + CpuLevelName(level);
  info.memory_bytes = static_cast<uint64_t>(std::max(profile.memory_bytes, usable));
  info.free_bytes = static_cast<uint64_t>(usable);
  info.compute_units = 1;
  return info;
}

Result<fake::Settings> SettingsOf(const std::string& device) {
  fake::Settings settings;
  settings.faults = TRY(fake::ParseFaults(Variable("MOTLEY_FAKE_FAULT"), device));
  settings.slowdown = TRY(fake::ParseSlowdown(Variable("MOTLEY_FAKE_SLOWDOWN"), device));
  settings.ops = TRY(fake::ParseOps(Variable("MOTLEY_FAKE_OPS")));
  settings.level = TRY(LevelFromEnvironment());
  return settings;
}

class FakeBackend : public Backend {
 public:
  std::string name() const override { return "fake"; }

  Result<std::vector<DeviceInfo>> Enumerate() override {
    const MachineProfile machine = TRY(ReadMachine());
    const CpuLevel level = TRY(LevelFromEnvironment());
    std::vector<DeviceInfo> out;
    for (const DeviceProfile& device : machine.devices) out.push_back(InfoOf(device, level));
    return out;
  }

  Result<std::unique_ptr<Device>> Open(const std::string& id, const OpenOptions&) override {
    const std::vector<DeviceInfo> devices = TRY(Enumerate());
    for (const DeviceInfo& info : devices) {
      if (info.id != id && info.uuid != id) continue;
      return std::unique_ptr<Device>(
          std::make_unique<fake::FakeDevice>(info, TRY(SettingsOf(info.id))));
    }
    return Error::NotFound("no device " + id + " among the " + std::to_string(devices.size()) +
                           " of the machine file");
  }
};

}  // namespace

std::unique_ptr<Backend> MakeFakeBackend() { return std::make_unique<FakeBackend>(); }

}  // namespace motley
