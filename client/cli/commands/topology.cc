#include "backends/discover/topology.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/show/matrix.h"
#include "client/cli/show/png.h"
#include "client/cli/show/topology.h"
#include "daemon/profiling/profiling.h"
#include "daemon/profiling/report.h"
#include "daemon/worker/probe.h"
#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

constexpr int kProbeMs = 20'000;
constexpr uint64_t kFileLimit = 16 << 20;

struct Options {
  std::string root, input, synthetic, machine, output = "text";
  std::string file;
  bool json = false, matrix = false;
  bool of_this_machine() const { return root.empty() && input.empty() && synthetic.empty(); }
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

// Of the machine file, else what the store has of this machine's devices.
Result<std::vector<LinkProfile>> Measured(const Options& options) {
  if (!options.machine.empty()) {
    const std::string text = TRY(ReadFile(options.machine, kFileLimit));
    const nlohmann::json json = TRY(ParseJson(text, options.machine));
    const MachineProfile machine = TRY(MachineFromJson(json));
    return machine.links;
  }
  std::vector<OpProfile> profiles;
  for (const DeviceInfo& info :
       options.of_this_machine() ? ProbeAll({}, kProbeMs) : std::vector<DeviceInfo>()) {
    auto stored = StoredOps(info);
    if (stored) profiles.push_back(std::move(*stored));
  }
  if (profiles.empty()) return std::vector<LinkProfile>();
  const MachineProfile machine = TRY(MachineOf(profiles));
  return machine.links;
}

Result<std::string> MatrixPage(const Options& options) {
  const TopologyNode root = TRY(Read(options));
  const std::vector<LinkProfile> measured = TRY(Measured(options));
  const LinkMatrix matrix = BuildMatrix(root, measured);
  if (options.json || options.output == "json") {
    return ToJson(matrix).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  if (options.output == "md") return MatrixMarkdown(matrix);
  if (options.output == "text" || options.output == "ascii") return MatrixText(matrix);
  return Error::Invalid("output", "a matrix is text, md or json, not " + options.output);
}

Result<std::string> TreePage(const Options& options) {
  const TopologyNode root = TRY(Read(options));
  if (options.json || options.output == "json") {
    return ToJson(root).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  if (options.output == "svg" || options.output == "png") return TopologySvg(root);
  if (options.output == "dot") return TopologyDot(root);
  if (options.output == "md") return Error::Invalid("output", "-o md is for --matrix");
  return TopologyText(root, options.output == "text" && Utf8Locale());
}

Status Show(const Options& options) {
  const std::string text = TRY(options.matrix ? MatrixPage(options) : TreePage(options));
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
      "  motley topology --matrix --machine box.json\n"
      "  motley topology --synthetic \"numa:2 nv:2@gen4x16 amd:1@gen4x8 fpga:1@gen3x16\"\n");
  command->add_option("-o,--output", options->output, "text, ascii, svg, png, dot, md or json")
      ->check(CLI::IsMember({"text", "ascii", "svg", "png", "dot", "md", "json"}));
  command->add_option("file", options->file, "where to write it; else stdout");
  command->add_option("--root", options->root, "a recorded machine: a folder with sys/ and proc/");
  command->add_option("--input", options->input, "what `motley topology --json` printed");
  command->add_option("--synthetic", options->synthetic, "a machine in words, see the examples");
  command->add_flag("--matrix", options->matrix,
                    "what each way carries: by its links, and as measured");
  command
      ->add_option("--machine", options->machine,
                   "measured links for --matrix, of `motley profile --save`; else the store's")
      ->needs("--matrix");
  command->add_flag("--json", options->json, "print motley.topology/1, or motley.matrix/1");
  command->callback([options, status] {
    const Status shown = Show(*options);
    *status =
        shown.ok() ? 0 : ReportError(shown.error(), options->json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
