#include "client/cli/input/plan_input.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "client/cli/output.h"
#include "daemon/planning/model_facts.h"
#include "hwprofiles/cards/imagine.h"

namespace motley {
namespace {

constexpr int kDefaultContext = 4096;

Result<PlanInput> FromFiles(const PlanInputOptions& options) {
  const ServeOptions& here = options.serve;
  if (!here.devices.empty() || !here.split.empty()) {
    return Error::Invalid("machine",
                          "--machine leaves all to the planner: --devices and --split are for the "
                          "devices that are here");
  }
  PlanInput input;
  input.machine = TRY(MachineFromJson(TRY(ReadJson(options.machine))));
  input.workload = TRY(LoadWorkload(here.model, options.workload, here.context_tokens));
  return input;
}

Result<PlanInput> Measured(const PlanInputOptions& options, const Objective& objective) {
  const Manifest manifest = TRY(LoadManifest(options.serve.model));
  const ModelGraph graph = TRY(BuildGraph(manifest));
  PlanningOptions planning = TRY(ToCoreOptions(options.serve)).planning;
  planning.objective = objective;
  const bool single =
      objective.kind == ObjectiveKind::kLatency || objective.kind == ObjectiveKind::kBottleneck;
  if (!single) planning.objective.kind = ObjectiveKind::kLatency;  // only the times are wanted
  if (planning.context_tokens == 0) {
    planning.context_tokens = std::min(kDefaultContext, graph.hyper.context);
  }
  ProgressLine line;
  PlannedModel planned =
      TRY(PlanModel(manifest, graph, planning,
                    [&](const std::string& what, double part) { line.Show(what, part); }));
  PlanInput input{std::move(planned.machine), std::move(planned.workload), {}};
  if (single) input.measured = std::move(planned.plan);
  return input;
}

Status Change(const PlanInputOptions& options, MachineProfile* machine) {
  for (const std::string& device : options.without) TRY(TakeOut(device, machine));
  if (options.add.empty()) return {};
  const std::vector<CatalogEntry> catalog = TRY(Catalog());
  for (const std::string& card : options.add) {
    TRY(AddCards(TRY(ParseCard(catalog, card)), machine));
  }
  return {};
}

Status CheckTogether(const PlanInputOptions& options) {
  const bool model = !options.serve.model.empty(), workload = !options.workload.empty();
  if (!model && !workload) return Error::Invalid("model", "a model file or --workload is needed");
  if (model && workload) {
    return Error::Invalid("workload", "a model file and --workload say what to plan for: give one");
  }
  if (!model && !options.FromFiles()) {
    return Error::Invalid(
        "machine", "--workload describes a model without weights: --machine is needed with it");
  }
  return {};
}

}  // namespace

void AddPlanInputOptions(CLI::App& app, PlanInputOptions* options) {
  app.add_option("model", options->serve.model, "model file (GGUF)");
  app.add_option("--workload", options->workload, "motley.workload/1 file in place of a model");
  app.add_option("--machine", options->machine, "motley.machine/1 file in place of this machine");
  app.add_option("--prompt", options->prompt_tokens, "prompt tokens to plan for (default 512)")
      ->check(CLI::Range(0, 1 << 24));
  app.add_option("--output", options->output_tokens, "generated tokens to plan for (default 128)")
      ->check(CLI::Range(0, 1 << 24));
}

void AddMachineChanges(CLI::App& app, PlanInputOptions* options) {
  app.add_option("--add", options->add,
                 "plan as if these cards were there: rtx-3090, rtx-3090@gen3x8, rtx-3090*2")
      ->delimiter(',');
  app.add_option("--without", options->without, "plan as if these devices were not there")
      ->delimiter(',');
}

Result<PlanInput> LoadPlanInput(const PlanInputOptions& options, const Objective& objective) {
  TRY(CheckTogether(options));
  PlanInput input =
      options.FromFiles() ? TRY(FromFiles(options)) : TRY(Measured(options, objective));
  TRY(Change(options, &input.machine));
  if (!options.add.empty() || !options.without.empty()) input.measured.reset();
  return input;
}

Result<Workload> LoadWorkload(const std::string& model, const std::string& file,
                              int context_tokens) {
  if (!file.empty()) {
    Workload workload = TRY(WorkloadFromJson(TRY(ReadJson(file))));
    if (context_tokens > 0) workload.context_tokens = context_tokens;
    return workload;
  }
  const Manifest manifest = TRY(LoadManifest(model));
  const ModelGraph graph = TRY(BuildGraph(manifest));
  return MakeWorkload(manifest, graph, context_tokens > 0 ? context_tokens : kDefaultContext);
}

Result<Slo> ParseSlo(std::string_view text) {
  Slo slo;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    const std::string_view number = part.substr(std::min(equals + 1, part.size()));
    double seconds = 0;
    const char* end = number.data() + number.size();
    const auto read = std::from_chars(number.data(), end, seconds);
    const bool valid = read.ec == std::errc() && read.ptr == end && std::isfinite(seconds) &&
                       seconds > 0 && (name == "ttft" || name == "itl");
    if (!valid) {
      return Error::Invalid("slo", "--slo: \"" + std::string(part) +
                                       "\" is neither ttft=SECONDS nor itl=SECONDS, over 0");
    }
    (name == "ttft" ? slo.ttft_s : slo.itl_s) = seconds;
  }
  return slo;
}

}  // namespace motley
