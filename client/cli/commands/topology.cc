#include "backends/discover/topology.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/show/draw.h"
#include "daemon/worker/probe.h"
#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

constexpr int kProbeMs = 20'000, kDrawMs = 20'000;
constexpr uint64_t kFileLimit = 16 << 20;

struct Options {
  std::string root, input, synthetic, output = "text";
  std::string file;
  bool json = false;
};

Result<TopologyNode> Read(const Options& options) {
  if (!options.input.empty()) {
    const std::string text = TRY(ReadFile(options.input, kFileLimit));
    const nlohmann::json json = TRY(ParseJson(text, options.input));
    return TopologyFromJson(json);
  }
  if (!options.synthetic.empty()) {
    return BuildTopology(TRY(SyntheticMachine(options.synthetic)));
  }
  auto probed = options.root.empty() ? ProbeAll({}, kProbeMs) : std::vector<DeviceInfo>();
  const Inventory inventory = TRY(Discover(options.root, std::move(probed)));
  return BuildTopology(inventory);
}

// The picture as PNG, drawn by librsvg's program.
Status WritePng(const std::string& svg, const std::string& path) {
  const std::string source = path + ".svg";
  TRY(WriteFileAtomically(source, svg));
  auto child = Spawn({.arguments = {"/usr/bin/rsvg-convert", "-o", path, source}, .quiet = true});
  const auto status = child.ok() ? child->Wait(kDrawMs) : Result<int>(child.error());
  std::remove(source.c_str());
  if (status.ok() && *status == 0) return {};
  return Error::Unavailable("rsvg-convert did not draw " + path)
      .Fix("apt-get install librsvg2-bin, or use -o svg");
}

Status Show(const Options& options) {
  const TopologyNode root = TRY(Read(options));
  std::string text;
  if (options.json || options.output == "json") {
    text = ToJson(root).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  } else if (options.output == "svg" || options.output == "png") {
    text = TopologySvg(root);
  } else if (options.output == "dot") {
    text = TopologyDot(root);
  } else {
    text = TopologyText(root, options.output == "text" && Utf8Locale());
  }
  if (options.output == "png") {
    if (options.file.empty()) return Error::Invalid("file", "-o png needs the file's name");
    return WritePng(text, options.file);
  }
  if (!options.file.empty()) return WriteFileAtomically(options.file, text);
  fmt::print("{}", text);
  return {};
}

}  // namespace

void AddTopologyCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("topology", "Which device hangs where, and how it is linked");
  command->footer(
      "Examples:\n"
      "  motley topology\n"
      "  motley topology -o svg box.svg\n"
      "  motley topology --synthetic \"numa:2 nv:2@gen4x16 amd:1@gen4x8 fpga:1@gen3x16\"\n");
  command->add_option("-o,--output", options->output, "text, ascii, svg, png, dot or json")
      ->check(CLI::IsMember({"text", "ascii", "svg", "png", "dot", "json"}));
  command->add_option("file", options->file, "where to write it; else stdout");
  command->add_option("--root", options->root, "a recorded machine: a folder with sys/ and proc/");
  command->add_option("--input", options->input, "what `motley topology --json` printed");
  command->add_option("--synthetic", options->synthetic, "a machine in words, see the examples");
  command->add_flag("--json", options->json, "print motley.topology/1");
  command->callback([options, status] {
    const Status shown = Show(*options);
    *status =
        shown.ok() ? 0 : ReportError(shown.error(), options->json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
