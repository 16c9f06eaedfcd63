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
  std::string root, input, synthetic, machine, output, file;
  bool json = false, matrix = false, dark = false;
  bool of_this_machine() const { return root.empty() && input.empty() && synthetic.empty(); }
};

// What -o or --json says, else what the file's name ends with, else text.
std::string FormOf(const Options& options) {
  if (options.json) return "json";
  if (!options.output.empty()) return options.output;
  for (const char* form : {"svg", "png", "dot", "md", "json"}) {
    if (options.file.ends_with(std::string(".") + form)) return form;
  }
  return "text";
}

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

Result<std::string> MatrixPage(const Options& options, const std::string& form) {
  const TopologyNode root = TRY(Read(options));
  const std::vector<LinkProfile> measured = TRY(Measured(options));
  const LinkMatrix matrix = BuildMatrix(root, measured);
  if (form == "json") {
    return ToJson(matrix).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  if (form == "md") return MatrixMarkdown(matrix);
  if (form == "text" || form == "ascii") return MatrixText(matrix);
  return Error::Invalid("output", "a matrix is text, md or json, not " + form);
}

Result<std::string> TreePage(const Options& options, const std::string& form) {
  const TopologyNode root = TRY(Read(options));
  if (form == "json") {
    return ToJson(root).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  if (form == "svg" || form == "png") {
    const Theme plain = form == "png" ? Theme::kLight : Theme::kOfViewer;
    return InTheme(TopologySvg(root), options.dark ? Theme::kDark : plain);
  }
  if (form == "dot") return TopologyDot(root);
  if (form == "md") return Error::Invalid("output", "-o md is for --matrix");
  return TopologyText(root, form == "text" && Utf8Locale());
}

Status Show(const Options& options) {
  TRY(CheckForms(options.json, options.output));
  const std::string form = FormOf(options);
  if (form == "png" && options.file.empty())
    return Error::Invalid("file", "a png needs the name of a file").Fix("motley topology box.png");
  const std::string text =
      TRY(options.matrix ? MatrixPage(options, form) : TreePage(options, form));
  if (form == "png") return WritePng(text, options.file);
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
      "  motley topology box.svg\n"
      "  motley topology --matrix --machine box.json\n"
      "  motley topology --synthetic \"numa:2 nv:2@gen4x16 amd:1@gen4x8 fpga:1@gen3x16\"\n");
  command
      ->add_option("-o,--output", options->output,
                   "text, ascii, svg, png, dot, md or json; else as the file's name ends")
      ->check(CLI::IsMember({"text", "ascii", "svg", "png", "dot", "md", "json"}));
  command->add_option("file", options->file, "where to write it; else stdout")->check(NotEmpty);
  auto* root = command->add_option("--root", options->root,
                                   "a recorded machine: a folder with sys/ and proc/");
  auto* input = command->add_option("--input", options->input, "what `topology --json` printed");
  auto* words = command->add_option("--synthetic", options->synthetic,
                                    "a machine in words, see the examples");
  for (CLI::Option* option : {root, input, words}) option->check(NotEmpty);
  root->excludes(input)->excludes(words);
  input->excludes(words);
  command->add_flag("--dark", options->dark, "a picture with light lines on dark ground");
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
