#include "daemon/planning/devices.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "daemon/planning/planner.h"
#include "daemon/worker/probe.h"

namespace motley {
namespace {

constexpr int kProbeMs = 20'000;

void PrintTable(const std::vector<DeviceInfo>& devices) {
  Table table({"ID", "NAME", "PCI", "MEMORY", "DRIVER", "KERNELS", "STATE"});
  table.AlignRight({3});
  for (const DeviceInfo& d : devices) {
    const std::string memory =
        d.memory_bytes == 0 ? "-" : FormatBytes(d.free_bytes) + " / " + FormatBytes(d.memory_bytes);
    table.Add({d.id, d.name, d.pci.empty() ? "-" : d.pci, memory,
               d.driver_name.empty() ? "-" : d.driver_name + " " + d.driver_version, d.kernels,
               d.state});
  }
  fmt::print("{}", table.Text());
  for (const DeviceInfo& d : devices) {
    if (d.state == "ready") continue;
    fmt::print("! {}: {}{}\n", d.id, d.reason, d.fix.empty() ? "" : " - " + d.fix);
  }
}

}  // namespace

void AddDevicesCommand(CLI::App& app, int* status) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("devices", "The devices of this machine and whether they can be used");
  command->footer(
      "Example:\n  motley devices --json | jq -r '.devices[] | select(.state.code==\"ready\") | "
      ".id'\n");
  command->add_flag("--json", *json, "print motley.devices/1");
  command->callback([json, status] {
    const auto devices = ProbeAll({}, kProbeMs);
    if (*json) {
      std::puts(DevicesToJson(devices, MeasuredAt(devices)).dump().c_str());
    } else {
      PrintTable(devices);
    }
    *status = 0;
  });
}

}  // namespace motley
