#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "backends/discover/topology.h"
#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/doctor/checks.h"
#include "client/cli/doctor/redact.h"
#include "client/cli/output.h"
#include "client/cli/service/http_get.h"
#include "daemon/planning/devices.h"
#include "daemon/planning/planner.h"
#include "daemon/worker/probe.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kProbeMs = 20'000, kServiceMs = 2'000;
constexpr int kWarnings = 5;  // exit status

struct Options {
  std::string host = kDefaultHost, root, bundle;
  bool json = false;
};

// A host that is none is an error; one where nobody answers is a note.
Result<Check> CheckService(const std::string& host) {
  const auto body = HttpGet(host, "/v1/status", kServiceMs);
  if (!body.ok()) {
    if (body.error().code == Code::kInvalidArgument) return body.error();
    return Check{"note", "service", "none at " + host, "", "motley serve MODEL.gguf"};
  }
  const json status = json::parse(*body, nullptr, false);
  const auto state = status.is_object() ? status.find("state") : status.end();
  if (state == status.end() || !state->is_string()) {
    return Check{"warn", "service", "what answers at " + host + " is no motleyd", "",
                 "name the service: motley doctor --host HOST:PORT"};
  }
  const bool ready = *state == "ready";
  return Check{ready ? "ok" : "warn", "service", state->get<std::string>() + " at " + host, "",
               ready ? "" : "motley ps"};
}

void CheckProfiles(const Inventory& inventory, std::vector<Check>* checks) {
  const std::vector<int64_t> measured = MeasuredAt(inventory);
  int usable = 0, fresh = 0;
  for (size_t i = 0; i < measured.size(); ++i) {
    const std::string& state = inventory.devices[i].info.state;
    if (state != "ready" && state != "degraded") continue;
    ++usable;
    fresh += measured[i] != 0;
  }
  checks->push_back({fresh == usable ? "ok" : "note", "profiles",
                     fmt::format("{} of {} devices measured", fresh, usable), "",
                     fresh == usable ? "" : "the first run measures them: motley plan MODEL.gguf"});
}

Result<std::vector<Check>> Examine(const Options& options, const Inventory& inventory) {
  std::vector<Check> checks;
  if (options.root.empty()) checks.push_back(TRY(CheckService(options.host)));
  for (Check& check : CheckMachine(inventory)) checks.push_back(std::move(check));
  if (options.root.empty()) CheckProfiles(inventory, &checks);
  return checks;
}

int Count(const std::vector<Check>& checks, const char* level) {
  return static_cast<int>(std::ranges::count(checks, level, &Check::level));
}

json ToJson(const std::vector<Check>& checks) {
  json out{{"schema", "motley.doctor/1"}, {"checks", json::array()}};
  for (const Check& c : checks) {
    out["checks"].push_back({{"level", c.level},
                             {"what", c.what},
                             {"text", c.text},
                             {"code", c.code.empty() ? json(nullptr) : json(c.code)},
                             {"fix", c.fix}});
  }
  out["warnings"] = Count(checks, "warn");
  out["failures"] = Count(checks, "fail");
  return out;
}

void PrintText(const std::vector<Check>& checks) {
  Table table({"", "WHAT", "FOUND", "CODE"});
  for (const Check& c : checks) table.Add({c.level, c.what, c.text, c.code});
  fmt::print("{}", table.Text());
  const bool utf8 = Utf8Locale();
  for (const Check& c : checks) {
    if (!c.fix.empty()) fmt::print("fix for {}: {}\n", Plain(c.what, utf8), Plain(c.fix, utf8));
  }
  const auto counted = [&](const char* level, const std::string& word) {
    const int count = Count(checks, level);
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
  };
  fmt::print("{} ok, {} to note, {}, {}\n", Count(checks, "ok"), Count(checks, "note"),
             counted("warn", "warning"), counted("fail", "failure"));
}

// What one may send to a stranger: no names of users or hosts, no serial numbers, no tokens.
json Bundle(const std::vector<Check>& checks, const Inventory& inventory,
            const std::string& service) {
  json devices = DevicesToJson(inventory, MeasuredAt(inventory));
  for (json& device : devices["devices"]) device["uuid"] = nullptr;
  json modules = inventory.facts.modules, libraries = inventory.facts.libraries;
  json bundle{{"schema", "motley.bundle/1"},
              {"version", MOTLEY_VERSION},
              {"kernel", inventory.facts.kernel_release},
              {"in_container", inventory.facts.in_container},
              {"modules", modules},
              {"libraries", libraries},
              {"doctor", ToJson(checks)},
              {"devices", devices},
              {"topology", ToJson(BuildTopology(inventory))}};
  const char* home = std::getenv("HOME");
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::string& user = inventory.facts.user;
  Redact(&bundle, {{service == kDefaultHost ? "" : service, "SERVICE"},
                   {home ? home : "", "~"},
                   {user == "root" ? "" : user, "USER"},  // everybody's name
                   {host, "HOST"}});
  return bundle;
}

Result<int> Run(const Options& options) {
  auto probed = options.root.empty() ? ProbeAll({}, kProbeMs) : std::vector<DeviceInfo>();
  const Inventory inventory = TRY(Discover(options.root, std::move(probed)));
  const std::vector<Check> checks = TRY(Examine(options, inventory));
  if (!options.bundle.empty()) {
    const std::string text =
        Bundle(checks, inventory, options.host).dump(2, ' ', false, json::error_handler_t::replace);
    TRY(WriteFileAtomically(options.bundle, text + "\n"));
    fmt::print(stderr, "wrote {}: no names of users or hosts, no serial numbers in it\n",
               options.bundle);
  }
  if (options.json) {
    std::puts(ToJson(checks).dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  } else {
    PrintText(checks);
  }
  return Count(checks, "warn") + Count(checks, "fail") > 0 ? kWarnings : 0;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "doctor", "Checks service, drivers, rights, links and limits; exit 5 on warnings");
  command->footer("Examples:\n  motley doctor\n  motley doctor --bundle report.json\n");
  command->add_option("--host", options->host, "HOST:PORT or unix:PATH of the service")
      ->envname("MOTLEY_HOST");
  auto* root = command->add_option("--root", options->root,
                                   "a recorded machine: a folder with sys/ and proc/");
  auto* bundle = command->add_option("--bundle", options->bundle,
                                     "also write a report that one may send away");
  for (CLI::Option* option : {root, bundle}) option->check(NotEmpty);
  command->add_flag("--json", options->json, "print motley.doctor/1");
  command->callback([options, status] {
    const auto result = Run(*options);
    *status = result.ok()
                  ? *result
                  : ReportError(result.error(), options->json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
