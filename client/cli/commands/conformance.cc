#include "backends/conformance/conformance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "backends/backend.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"

namespace motley {
namespace {

struct Options {
  std::string device = "cpu0", plugin;
  ConformanceFilter filter;
  bool json = false;
  Format format() const { return json ? Format::kJson : Format::kText; }
};

struct Opened {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Device> device;  // goes first
};

// The first device of a plug-in, or the named one of whichever backend has it.
Result<Opened> OpenDevice(const Options& options) {
  std::vector<std::string> names = ListBackends();
  if (!options.plugin.empty()) names = {options.plugin};
  std::string known;
  for (const std::string& name : names) {
    auto backend = LoadBackend(name);
    if (!backend.ok() && !options.plugin.empty()) return backend.error();
    if (!backend.ok()) continue;
    const auto devices = (*backend)->Enumerate();
    if (!devices.ok() && !options.plugin.empty()) return devices.error();
    if (!devices.ok()) continue;
    for (const DeviceInfo& info : *devices) {
      known += (known.empty() ? "" : ", ") + info.id;
      if (options.plugin.empty() && info.id != options.device) continue;
      auto device = TRY((*backend)->Open(info.id, {}));
      return Opened{backend.ReleaseValue(), std::move(device)};
    }
  }
  const std::string what = options.plugin.empty() ? options.device : "of " + options.plugin;
  return Error::NotFound("there is no device " + what +
                         "; known: " + (known.empty() ? "none" : known))
      .Fix("motley devices");
}

void PrintTable(const ConformanceReport& report) {
  Table table({"OP", "TYPE", "PASSED", "FAILED", "UNSUPPORTED", "WORST", "ALLOWED", "REASON"});
  table.AlignRight({2, 3, 4, 5, 6});
  for (const ConformanceResult& r : report.results) {
    table.Add({r.op, r.type, std::to_string(r.passed), std::to_string(r.failed),
               std::to_string(r.unsupported), fmt::format("{:.1e}", r.worst_error),
               fmt::format("{:.1e}", r.tolerance), r.reason});
  }
  fmt::print("{}{}: {}\n", table.Text(), report.device,
             report.Failed() == 0 ? "conforms" : fmt::format("{} failed", report.Failed()));
}

int Run(const Options& options) {
  const auto opened = OpenDevice(options);
  if (!opened.ok()) return ReportError(opened.error(), options.format());
  const auto report = RunConformance(*opened->device, options.filter);
  if (!report.ok()) return ReportError(report.error(), options.format());
  if (options.json) {
    std::puts(ConformanceJson(*report).c_str());
  } else {
    PrintTable(*report);
  }
  return report->Failed() == 0 ? 0 : 1;
}

}  // namespace

void AddConformanceCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "conformance", "Whether a device computes what the reference does (exit 1: it does not)");
  command->footer(
      "Examples:\n  motley conformance --device ocl0\n"
      "  motley conformance --plugin ./libmotley-backend-mine.so --op mul_mat --type Q4_K\n");
  CLI::Option* device =
      command->add_option("--device", options->device, "a device of motley devices (default cpu0)");
  command->add_option("--plugin", options->plugin, "a backend's library: its first device")
      ->excludes(device);
  command->add_option("--op", options->filter.op, "one op alone");
  command->add_option("--type", options->filter.type, "one type alone");
  command->add_flag("--json", options->json, "print JSON");
  command->callback([options, status] { *status = Run(*options); });
}

}  // namespace motley
