#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

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
  std::string workload, machine, objective = "latency", save, save_workload, save_machine, slo;
  int prompt_tokens = 512, output_tokens = 128;
  double rate_rps = 0;
  bool json = false, allow_streaming = false;
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
  made.plan = TRY(
      Partition(machine, made.workload, objective, DeviceUse::kAny,
                options.allow_streaming ? StageModes::kResidentOrStreamed : StageModes::kResident));
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

// "ttft=1,itl=0.05": seconds, either may be absent.
Result<Slo> ParseSlo(const std::string& text) {
  Slo slo;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    double* time = name == "ttft" ? &slo.ttft_s : name == "itl" ? &slo.itl_s : nullptr;
    const char* number = equals == std::string::npos ? "" : part.c_str() + equals + 1;
    char* end = nullptr;
    const double seconds = std::strtod(number, &end);
    if (!time || end == number || *end != 0 || !(seconds > 0) || !std::isfinite(seconds)) {
      return Error::Invalid(
          "slo", "slo: \"" + part + "\" is neither ttft=SECONDS nor itl=SECONDS, above 0");
    }
    *time = seconds;
  }
  return slo;
}

Result<Objective> MakeObjective(const Options& options) {
  Objective objective{ObjectiveKind::kLatency, options.prompt_tokens, options.output_tokens};
  objective.kind = ObjectiveFromName(options.objective).value_or(ObjectiveKind::kLatency);
  objective.rate_rps = options.rate_rps;
  objective.slo = TRY(ParseSlo(options.slo));
  if (objective.kind == ObjectiveKind::kGoodput && options.slo.empty()) {
    return Error::Invalid("slo",
                          "the objective goodput counts requests within times: give them "
                          "with --slo ttft=SECONDS,itl=SECONDS");
  }
  return objective;
}

Result<Made> MakePlan(const Options& options) {
  const Objective objective = TRY(MakeObjective(options));
  if (options.serve.model.empty() && options.workload.empty()) {
    return Error::Invalid("model", "a model file or --workload is needed");
  }
  if (!options.machine.empty()) return FromFiles(options, objective);
  if (options.allow_streaming) {
    return Error::Invalid("allow-streaming",
                          "--allow-streaming is for --machine: no worker streams weights yet");
  }
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
      "  motley plan --machine box.json --workload w.json --objective bottleneck --json\n"
      "  motley plan --machine box.json --workload w.json --objective throughput\n");
  command->add_option("model", options->serve.model, "model file (GGUF)");
  command->add_option("--workload", options->workload,
                      "motley.workload/1 file in place of a model");
  command->add_option("--machine", options->machine,
                      "motley.machine/1 file in place of this machine");
  command
      ->add_option("--objective", options->objective,
                   "latency (default), bottleneck, throughput, goodput or cost")
      ->check(CLI::IsMember({"latency", "bottleneck", "throughput", "goodput", "cost"}));
  command->add_option("--rate", options->rate_rps, "requests per second to meet (cost)")
      ->check(CLI::Range(0.0, 1e9));
  command->add_option("--slo", options->slo, "times to keep (goodput): ttft=SECONDS,itl=SECONDS");
  command->add_option("--prompt", options->prompt_tokens, "prompt tokens to plan for (default 512)")
      ->check(CLI::Range(0, 1 << 24));
  command
      ->add_option("--output", options->output_tokens, "generated tokens to plan for (default 128)")
      ->check(CLI::Range(0, 1 << 24));
  command->add_flag("--allow-streaming", options->allow_streaming,
                    "weights may come from the host at every step (latency, bottleneck)");
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
