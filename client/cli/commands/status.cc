#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/service/devices.h"
#include "client/cli/service/http_get.h"
#include "client/cli/show/device_fields.h"
#include "client/cli/show/service_text.h"
#include "daemon/planning/devices.h"
#include "daemon/planning/planner.h"
#include "daemon/worker/probe.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kProbeMs = 20'000;
constexpr int kServiceMs = 250;  // a service of this machine that takes longer is not well

// motley.status/1 of the service.
Result<json> AskService(const std::string& host) {
  const std::string body = TRY(HttpGet(host, "/v1/status", kServiceMs));
  json status = json::parse(body, nullptr, false);
  if (!status.is_object()) return Error::Internal("no motley.status/1");
  return status;
}

std::string TextOfService(const std::string& host, const Result<json>& status) {
  if (status.ok()) {
    try {
      return "service at " + host + "\n" + ServiceText(*status);
    } catch (const json::exception&) {
      return host + " does not answer with motley.status/1\n";
    }
  }
  switch (status.error().code) {
    case Code::kInvalidArgument:
      return "$MOTLEY_HOST: " + status.error().message + "\n";
    case Code::kInternal:
      return host + " does not answer with motley.status/1\n";
    default:
      return "no service at " + host + "; to start one: motley serve MODEL.gguf\n";
  }
}

// A service that answers has asked the drivers already.
Result<json> Devices(const std::string& host, bool service) {
  if (service) {
    auto devices = DevicesOfService(host, kServiceMs);
    if (devices.ok()) return devices;
  }
  const Inventory inventory = TRY(Discover("", ProbeAll({}, kProbeMs)));
  return DevicesToJson(inventory, MeasuredAt(inventory));
}

Status Summarize(bool as_json) {
  const std::string host = HostOfService();
  const Result<json> service = AskService(host);
  const json all = TRY(Devices(host, service.ok()));
  if (as_json) {
    const json summary{{"schema", "motley.summary/1"},
                       {"devices", all["devices"]},
                       {"service", {{"host", host}, {"status", service.ok() ? *service : json()}}}};
    std::puts(summary.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
    return {};
  }
  fmt::print("{}{}\n{}\nmotley --help lists the commands\n",
             DeviceTable(all["devices"], false).Text(ScreenWidth(STDOUT_FILENO)), DeviceNotes(all),
             TextOfService(host, service));
  return {};
}

}  // namespace

void AddSummary(CLI::App& app, int* status) {
  auto as_json = std::make_shared<bool>(false);
  app.add_flag("--json", *as_json, "without a command: print motley.summary/1");
  app.parse_complete_callback([&app, as_json] {
    if (*as_json && !app.get_subcommands().empty())
      throw CLI::ValidationError("--json", "belongs behind the command");
  });
  app.callback([&app, as_json, status] {
    if (!app.get_subcommands().empty()) return;
    const Status shown = Summarize(*as_json);
    *status = shown.ok() ? 0 : ReportError(shown.error(), *as_json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
