#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/input/plan_input.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/plan/plan_explain.h"
#include "client/cli/plan/plan_text.h"
#include "scheduler/choose/choose.h"
#include "scheduler/partition/partitioner.h"

namespace motley {
namespace {

struct Options {
  PlanInputOptions input;
  std::string objective = "latency", save, save_workload, save_machine, slo, check, compare;
  double rate_rps = 0;
  bool json = false, allow_streaming = false, explain = false, simulated = false;
};

Result<Objective> MakeObjective(const Options& options) {
  Objective objective{ObjectiveKind::kLatency, options.input.prompt_tokens,
                      options.input.output_tokens};
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

// A plan of a file on this machine, as it stands.
Result<Plan> PlanOfFile(const std::string& path, const PlanInput& input,
                        const Objective& objective) {
  const Plan plan = TRY(PlanFromJson(TRY(ReadJson(path))));
  if (!IsOnePipeline(plan.pools)) {
    return Error::Unsupported(path + " has several pools or replicas")
        .Fix("motley simulate --plan says what such a plan does");
  }
  return Evaluate(input.machine, input.workload, objective, plan.stages());
}

Result<Plan> Simulated(const PlanInput& input, const Objective& objective) {
  ProgressLine line;
  ChooseOptions how;
  WatchInterrupts();
  how.progress = [&](double part) {
    line.Show("simulating", part);
    return !Interrupted();
  };
  return TRY(ChooseBySimulation(input.machine, input.workload, objective, how)).plan;
}

Result<Plan> MakePlan(const Options& options, const PlanInput& input, const Objective& objective) {
  if (!options.check.empty()) return PlanOfFile(options.check, input, objective);
  if (input.measured) return *input.measured;
  if (options.simulated || objective.kind == ObjectiveKind::kGoodput) {
    return Simulated(input, objective);
  }
  return Partition(
      input.machine, input.workload, objective, DeviceUse::kAny,
      options.allow_streaming ? StageModes::kResidentOrStreamed : StageModes::kResident);
}

// How a plan of a file does beside the one just made.
Result<std::string> Compare(const Options& options, const PlanInput& input, const Plan& plan) {
  const Plan other = TRY(PlanOfFile(options.compare, input, plan.objective));
  const double ratio = other.proof.value / plan.proof.value;
  return fmt::format("{} (plan {}) takes {:.3f} times as long: {}\n", options.compare, other.id,
                     ratio, ratio > 1 ? "the plan above is better" : "it is as good");
}

Status CheckTogether(const Options& options, const Objective& objective) {
  const bool single =
      objective.kind == ObjectiveKind::kLatency || objective.kind == ObjectiveKind::kBottleneck;
  if (options.allow_streaming && !options.input.FromFiles()) {
    return Error::Invalid("allow-streaming",
                          "--allow-streaming is for --machine: no worker streams weights yet");
  }
  if (options.simulated && single) {
    return Error::Invalid("simulated",
                          "the optimum for " + options.objective + " needs no simulation")
        .Fix("--objective throughput, goodput or cost");
  }
  if (!single && (!options.compare.empty() || !options.check.empty())) {
    return Error::Invalid("objective", "plans of files are compared for latency or bottleneck")
        .Fix("motley simulate --plan FILE");
  }
  return {};
}

Status Save(const std::string& path, const nlohmann::json& json) {
  if (path.empty()) return {};
  return WriteFileAtomically(path, json.dump(1) + "\n");
}

Status Run(const Options& options) {
  const Objective objective = TRY(MakeObjective(options));
  TRY(CheckTogether(options, objective));
  const PlanInput input = TRY(LoadPlanInput(options.input, objective));
  const Plan plan = TRY(MakePlan(options, input, objective));
  TRY(Save(options.save, ToJson(plan)));
  TRY(Save(options.save_workload, ToJson(input.workload)));
  TRY(Save(options.save_machine, ToJson(input.machine)));
  if (options.json) {
    std::puts(ToJson(plan).dump().c_str());
    return {};
  }
  std::string out = PlanText(plan, static_cast<int>(input.workload.items.size()));
  if (options.explain) out += TRY(ExplainPlan(input.machine, input.workload, plan));
  if (!options.compare.empty()) out += TRY(Compare(options, input, plan));
  fmt::print("{}", out);
  return {};
}

void AddGoals(CLI::App& command, Options& options) {
  command
      .add_option("--objective", options.objective,
                  "latency (default), bottleneck, throughput, goodput or cost")
      ->check(CLI::IsMember({"latency", "bottleneck", "throughput", "goodput", "cost"}));
  command.add_option("--rate", options.rate_rps, "requests per second to meet (cost)")
      ->check(CLI::Range(0.0, 1e9));
  command.add_option("--slo", options.slo, "times to keep (goodput): ttft=SECONDS,itl=SECONDS");
  command.add_flag("--allow-streaming", options.allow_streaming,
                   "weights may come from the host at every step (latency, bottleneck)");
  command.add_flag("--simulated", options.simulated,
                   "let the simulator choose among the best candidates (goodput: always)");
}

void AddFiles(CLI::App& command, Options& options) {
  command.add_option("--save", options.save, "write the plan (motley serve --plan takes it)");
  command.add_option("--save-workload", options.save_workload, "write what the model asks for");
  command.add_option("--save-machine", options.save_machine, "write the machine planned for");
  command.add_option("--check", options.check,
                     "no new plan: what the plan of this file does here, and whether it fits");
  command.add_option("--compare", options.compare, "say how the plan of this file does beside it");
}

}  // namespace

void AddPlanCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("plan", "Where each layer should run, and why");
  command->footer(
      "Examples:\n  motley plan model.gguf\n  motley plan model.gguf --prompt 2048 --output 64 "
      "--json\n"
      "  motley plan --machine box.json --workload w.json --objective bottleneck --json\n"
      "  motley plan --machine box.json --workload w.json --objective throughput\n"
      "  motley plan --machine box.json --workload w.json --add rtx-3090 --explain\n"
      "  motley plan model.gguf --check plan.json\n");
  AddPlanInputOptions(*command, &options->input);
  AddMachineChanges(*command, &options->input);
  AddGoals(*command, *options);
  AddFiles(*command, *options);
  command->add_flag("--explain", options->explain, "how the numbers come about, stage by stage");
  command->add_flag("--json", options->json, "print motley.plan/1");
  AddPlacementOptions(*command, &options->input.serve);
  command->callback([options, status] {
    const Status done = Run(*options);
    if (!done.ok())
      *status = ReportError(done.error(), options->json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
