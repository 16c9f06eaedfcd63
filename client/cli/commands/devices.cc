#include "daemon/planning/devices.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/service/devices.h"
#include "client/cli/show/device_fields.h"
#include "daemon/planning/planner.h"
#include "daemon/worker/probe.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kProbeMs = 20'000;
constexpr int kServiceMs = 250;  // a service of this machine that takes longer is not well
constexpr int kNamedServiceMs = 5'000;
constexpr int kRepeatMs = 2'000;
constexpr uint64_t kFileLimit = 16 << 20;

struct Options {
  std::string root, input, host, output, fields;
  bool wide = false, json = false, watch = false, probe = false;

  bool text() const { return !json && (output.empty() || output == "table" || output == "wide"); }
};

// What is to be shown, and what people should know of where it comes from.
struct Taken {
  json document;
  std::string note;
};

Result<Taken> Probe(const std::string& root) {
  auto probed = root.empty() ? ProbeAll({}, kProbeMs) : std::vector<DeviceInfo>();
  const Inventory inventory = TRY(Discover(root, std::move(probed)));
  return Taken{DevicesToJson(inventory, MeasuredAt(inventory)), ""};
}

// A service that runs has asked the drivers already: without one that answers at once, they are
// asked here. Errors: the service's that --host names.
Result<Taken> Take(const Options& options) {
  if (!options.input.empty()) {
    const std::string text = TRY(ReadFile(options.input, kFileLimit));
    return Taken{TRY(ParseDevices(text, options.input)), ""};
  }
  if (!options.root.empty() || options.probe) return Probe(options.root);
  const bool named = !options.host.empty();
  const std::string host = named ? options.host : HostOfService();
  auto devices = DevicesOfService(host, named ? kNamedServiceMs : kServiceMs);
  if (devices.ok()) {
    return Taken{devices.ReleaseValue(),
                 "as the service at " + host + " sees them; --probe asks the drivers"};
  }
  if (named) return devices.error();
  Taken taken = TRY(Probe(""));
  if (devices.error().code == Code::kInvalidArgument)
    taken.note = "$MOTLEY_HOST: " + devices.error().message;
  return taken;
}

std::string QuoteCsv(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string Csv(const json& devices, const std::vector<DeviceField>& fields) {
  std::string text;
  for (const DeviceField& f : fields) text += (text.empty() ? "" : ",") + std::string(f.name);
  text += "\n";
  for (const json& device : devices) {
    std::string line;
    for (const DeviceField& f : fields) line += "," + QuoteCsv(Plain(FieldText(device, f), true));
    text += line.substr(std::min<size_t>(1, line.size())) + "\n";
  }
  return text;
}

Table FieldTable(const json& devices, const std::vector<DeviceField>& fields) {
  std::vector<std::string> header;
  for (const DeviceField& f : fields) header.emplace_back(f.name);
  Table table(header);
  for (const json& device : devices) {
    std::vector<std::string> row;
    for (const DeviceField& f : fields) row.push_back(FieldText(device, f));
    table.Add(row);
  }
  return table;
}

// One line, whatever bytes a driver or a file put into it.
std::string Dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<std::string> Page(const Options& options, const json& all) {
  const json& devices = all["devices"];
  const bool chosen = !options.fields.empty();
  const auto fields = chosen ? TRY(ChooseFields(options.fields)) : DeviceFields();
  const std::string& form = options.output;
  if (options.json || form == "json") return Dump(all);
  if (form == "csv") return Csv(devices, fields);
  if (form == "jsonl") {
    std::string lines;
    for (const json& device : devices) lines += Dump(chosen ? FieldsOf(device, fields) : device);
    return lines;
  }
  const Table table =
      chosen ? FieldTable(devices, fields) : DeviceTable(devices, options.wide || form == "wide");
  if (form == "md") return table.Markdown();
  return table.Text(ScreenWidth(STDOUT_FILENO)) + (chosen ? "" : DeviceNotes(all));
}

Status Print(const Options& options) {
  const Taken taken = TRY(Take(options));
  fmt::print("{}", TRY(Page(options, taken.document)));
  if (options.text() && !options.watch && !taken.note.empty()) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", taken.note);
  }
  return {};
}

void PrintFields() {
  Table table({"FIELD", "WHAT"});
  for (const DeviceField& f : DeviceFields())
    table.Add({std::string(f.name), std::string(f.about)});
  fmt::print("{}", table.Text());
}

// Again and again until it is interrupted or nobody reads.
Status Watch(const Options& options) {
  WatchInterrupts();
  const bool terminal = isatty(STDOUT_FILENO);
  for (bool first = true; !Interrupted() && !std::ferror(stdout); first = false) {
    if (options.text() && (terminal || !first)) fmt::print("{}", terminal ? "\x1b[H\x1b[2J" : "\n");
    TRY(Print(options));
    std::fflush(stdout);
    Pause(kRepeatMs);
  }
  return {};
}

int Show(const Options& options) {
  const Format format = options.json ? Format::kJson : Format::kText;
  Status shown = CheckForms(options.json, options.output);
  if (shown.ok() && !options.fields.empty() && (options.json || options.output == "json"))
    shown = Error::Invalid("fields", "--json prints whole devices; -o jsonl takes --fields");
  if (shown.ok()) shown = options.watch ? Watch(options) : Print(options);
  if (shown.ok()) return 0;
  return options.host.empty() ? ReportError(shown.error(), format)
                              : ReportNoService(shown.error(), format);
}

}  // namespace

void AddDevicesCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("devices", "The devices of this machine and whether they can be used");
  command->footer(
      "Examples:\n"
      "  motley devices\n"
      "  motley devices --json | jq -r '.devices[] | select(.state.code==\"ready\") | .id'\n"
      "  motley devices -o csv --fields id,pci,free_bytes\n"
      "  motley devices --root recorded-machine/\n");
  auto* root = command->add_option("--root", options->root,
                                   "a recorded machine: a folder with sys/ and proc/");
  auto* input = command->add_option("--input", options->input, "what `devices --json` printed");
  auto* host = command->add_option("--host", options->host,
                                   "the service to ask, HOST:PORT or unix:PATH; else, if it runs, "
                                   "that at $MOTLEY_HOST or 127.0.0.1:6685");
  auto* probe = command->add_flag("--probe", options->probe,
                                  "ask the drivers, also when a service runs that has asked them");
  command->add_option("-o,--output", options->output, "table, wide, json, jsonl, csv or md")
      ->check(CLI::IsMember({"table", "wide", "json", "jsonl", "csv", "md"}));
  auto* fields = command->add_option("--fields", options->fields,
                                     "only these, comma-separated; help lists them");
  command->add_flag("--wide", options->wide, "more columns");
  command->add_flag("--watch", options->watch, "again every two seconds");
  command->add_flag("--json", options->json, "print motley.devices/1");
  for (CLI::Option* option : {root, input, host, fields}) option->check(NotEmpty);
  root->excludes(input)->excludes(host)->excludes(probe);
  input->excludes(host)->excludes(probe);
  host->excludes(probe);
  command->callback([options, status] {
    if (options->fields == "help") return PrintFields();
    *status = Show(*options);
  });
}

}  // namespace motley
