#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/show/plan_text.h"
#include "daemon/app/options.h"
#include "daemon/planning/model_facts.h"

namespace motley {
namespace {

constexpr int kDefaultContext = 4096;

struct Options {
  ServeOptions serve;
  std::string workload, machine, objective = "latency", save, save_workload, save_machine;
  int prompt_tokens = 512, output_tokens = 128;
  bool json = false;
};

struct Made {
  Plan plan;
  Workload workload;
  std::optional<MachineProfile> machine;  // when it was measured here
};

Result<Workload> ModelWorkload(const Options& options) {
  const Manifest manifest = TRY(LoadManifest(options.serve.model));
  const ModelGraph graph = TRY(BuildGraph(manifest));
  return MakeWorkload(
      manifest, graph,
      options.serve.context_tokens ? options.serve.context_tokens : kDefaultContext);
}

// From files alone: no device is touched.
Result<Made> FromFiles(const Options& options, const Objective& objective) {
  const ServeOptions& here = options.serve;
  if (!here.devices.empty() || !here.split.empty() || !here.plan_file.empty()) {
    return Error::Invalid("machine",
                          "--machine leaves all to the planner: --devices, --split and --plan are "
                          "for the devices that are here");
  }
  Made made;
  const MachineProfile machine = TRY(MachineFromJson(TRY(ReadJson(options.machine))));
  made.workload = options.workload.empty() ? TRY(ModelWorkload(options))
                                           : TRY(WorkloadFromJson(TRY(ReadJson(options.workload))));
  if (here.context_tokens > 0) made.workload.context_tokens = here.context_tokens;
  made.plan = TRY(Partition(machine, made.workload, objective));
  return made;
}

Result<Made> FromMeasurements(const Options& options, const Objective& objective) {
  const Manifest manifest = TRY(LoadManifest(options.serve.model));
  const ModelGraph graph = TRY(BuildGraph(manifest));
  PlanningOptions planning = TRY(ToCoreOptions(options.serve)).planning;
  planning.objective = objective;
  if (planning.context_tokens == 0)
    planning.context_tokens = std::min(kDefaultContext, graph.hyper.context);
  ProgressLine line;
  PlannedModel planned =
      TRY(PlanModel(manifest, graph, planning,
                    [&](const std::string& what, double part) { line.Show(what, part); }));
  return Made{std::move(planned.plan), std::move(planned.workload), std::move(planned.machine)};
}

Result<Made> MakePlan(const Options& options) {
  Objective objective{ObjectiveKind::kLatency, options.prompt_tokens, options.output_tokens};
  if (options.objective == "bottleneck") objective.kind = ObjectiveKind::kBottleneck;
  if (options.serve.model.empty() && options.workload.empty()) {
    return Error::Invalid("model", "a model file or --workload is needed");
  }
  if (!options.machine.empty()) return FromFiles(options, objective);
  if (options.serve.model.empty()) {
    return Error::Invalid(
        "machine", "--workload describes a model without weights: --machine is needed with it");
  }
  return FromMeasurements(options, objective);
}

Status Save(const std::string& path, const nlohmann::json& json) {
  if (path.empty()) return {};
  return WriteFileAtomically(path, json.dump(1) + "\n");
}

Status Run(const Options& options) {
  const Made made = TRY(MakePlan(options));
  TRY(Save(options.save, ToJson(made.plan)));
  TRY(Save(options.save_workload, ToJson(made.workload)));
  if (made.machine) TRY(Save(options.save_machine, ToJson(*made.machine)));
  if (options.json) {
    std::puts(ToJson(made.plan).dump().c_str());
  } else {
    fmt::print("{}", PlanText(made.plan, static_cast<int>(made.workload.items.size())));
  }
  return {};
}

}  // namespace

void AddPlanCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("plan", "Where each layer should run, and why");
  command->footer(
      "Examples:\n  motley plan model.gguf\n  motley plan model.gguf --prompt 2048 --output 64 "
      "--json\n"
      "  motley plan --machine box.json --workload w.json --objective bottleneck --json\n");
  command->add_option("model", options->serve.model, "model file (GGUF)");
  command->add_option("--workload", options->workload,
                      "motley.workload/1 file in place of a model");
  command->add_option("--machine", options->machine,
                      "motley.machine/1 file in place of this machine");
  command->add_option("--objective", options->objective, "latency (default) or bottleneck")
      ->check(CLI::IsMember({"latency", "bottleneck"}));
  command->add_option("--prompt", options->prompt_tokens, "prompt tokens to plan for (default 512)")
      ->check(CLI::Range(0, 1 << 24));
  command
      ->add_option("--output", options->output_tokens, "generated tokens to plan for (default 128)")
      ->check(CLI::Range(0, 1 << 24));
  command->add_option("--save", options->save, "write the plan (motley serve --plan takes it)");
  command->add_option("--save-workload", options->save_workload, "write what the model asks for");
  command->add_option("--save-machine", options->save_machine, "write what was measured");
  command->add_flag("--json", options->json, "print motley.plan/1");
  AddPlacementOptions(*command, &options->serve);
  command->callback([options, status] {
    const Status done = Run(*options);
    if (!done.ok())
      *status = ReportError(done.error(), options->json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
