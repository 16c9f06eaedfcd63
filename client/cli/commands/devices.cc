#include "daemon/planning/devices.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/show/device_fields.h"
#include "daemon/planning/planner.h"
#include "daemon/worker/probe.h"
#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kProbeMs = 20'000;
constexpr uint64_t kFileLimit = 16 << 20;

struct Options {
  std::string root, input, output = "table", fields;
  bool wide = false, json = false, watch = false;
};

// What --json printed once; what people are shown of it may still be missing.
Result<json> Recorded(const std::string& path) {
  const std::string text = TRY(ReadFile(path, kFileLimit));
  json document = TRY(ParseJson(text, path));
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  TRY(fields.CheckSchema("devices", 1));
  const json* devices = document.contains("devices") ? &document["devices"] : nullptr;
  const auto is_device = [](const json& d) { return d.is_object(); };
  if (!devices || !devices->is_array() || !std::ranges::all_of(*devices, is_device))
    return Error::Invalid("devices", path + " has no list of devices");
  return document;
}

Result<json> Take(const Options& options) {
  if (!options.input.empty()) return Recorded(options.input);
  auto probed = options.root.empty() ? ProbeAll({}, kProbeMs) : std::vector<DeviceInfo>();
  const Inventory inventory = TRY(Discover(options.root, std::move(probed)));
  return DevicesToJson(inventory, MeasuredAt(inventory));
}

std::string QuoteCsv(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

void PrintCsv(const json& devices, const std::vector<DeviceField>& fields) {
  std::string text;
  for (const DeviceField& f : fields) text += (text.empty() ? "" : ",") + std::string(f.name);
  text += "\n";
  for (const json& device : devices) {
    std::string line;
    for (const DeviceField& f : fields) line += "," + QuoteCsv(FieldText(device, f));
    text += line.substr(std::min<size_t>(1, line.size())) + "\n";
  }
  fmt::print("{}", text);
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

Status Print(const Options& options) {
  const json all = TRY(Take(options));
  const json& devices = all["devices"];
  const auto dump = [](const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  const bool chosen = !options.fields.empty();
  const auto fields = chosen ? TRY(ChooseFields(options.fields)) : DeviceFields();
  if (options.json || options.output == "json") {
    std::puts(dump(all).c_str());
  } else if (options.output == "jsonl") {
    for (const json& device : devices) std::puts(dump(device).c_str());
  } else if (options.output == "csv") {
    PrintCsv(devices, fields);
  } else {
    const bool wide = options.wide || options.output == "wide";
    const Table table = chosen ? FieldTable(devices, fields) : DeviceTable(devices, wide);
    fmt::print("{}", options.output == "md" ? table.Markdown() : table.Text());
    if (!chosen && options.output != "md") fmt::print("{}", DeviceNotes(devices));
  }
  return {};
}

void PrintFields() {
  Table table({"FIELD", "WHAT"});
  for (const DeviceField& f : DeviceFields())
    table.Add({std::string(f.name), std::string(f.about)});
  fmt::print("{}", table.Text());
}

// Again every two seconds until it is interrupted.
Status Watch(const Options& options) {
  WatchInterrupts();
  while (!Interrupted()) {
    fmt::print("{}", isatty(STDOUT_FILENO) ? "\x1b[H\x1b[2J" : "\n");
    TRY(Print(options));
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::seconds(2));  // a signal ends it early
  }
  return {};
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
  command->add_option("--root", options->root, "a recorded machine: a folder with sys/ and proc/");
  command->add_option("--input", options->input, "what `motley devices --json` printed");
  command->add_option("-o,--output", options->output, "table, wide, json, jsonl, csv or md")
      ->check(CLI::IsMember({"table", "wide", "json", "jsonl", "csv", "md"}));
  command->add_option("--fields", options->fields, "only these, comma-separated; help lists them");
  command->add_flag("--wide", options->wide, "more columns");
  command->add_flag("--watch", options->watch, "again every two seconds");
  command->add_flag("--json", options->json, "print motley.devices/1");
  command->callback([options, status] {
    if (options->fields == "help") return PrintFields();
    const Status shown = options->watch ? Watch(*options) : Print(*options);
    *status =
        shown.ok() ? 0 : ReportError(shown.error(), options->json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
