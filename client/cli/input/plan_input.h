#pragma once
// What a plan is made from: a machine (this one as measured, or a file, with cards put in and
// devices taken out) and a workload (of a model file, or a file). One thread. Errors:
// InvalidArgument naming the option, those of the files.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/app/options.h"
#include "daemon/planning/planner.h"
#include "scheduler/plan.h"

namespace motley {

struct PlanInputOptions {
  ServeOptions serve;
  std::string workload, machine;          // files
  std::vector<std::string> add, without;  // cards of the catalog; devices
  int prompt_tokens = 512, output_tokens = 128;
  bool FromFiles() const { return !machine.empty(); }
};

// The model, --workload, --machine, --prompt and --output. `options` outlives the app.
void AddPlanInputOptions(CLI::App& app, PlanInputOptions* options);
// --add and --without, for commands that change the machine once.
void AddMachineChanges(CLI::App& app, PlanInputOptions* options);

struct PlanInput {
  MachineProfile machine;
  Workload workload;
  // The service's own plan for latency or bottleneck, where the machine is this one as it is.
  std::optional<Plan> measured;
};

// Measures this machine where it must, with progress on stderr.
Result<PlanInput> LoadPlanInput(const PlanInputOptions& options, const Objective& objective);

// Of a model file, or of a motley.workload/1 file where `file` is not empty; `context_tokens` 0:
// the file's, or 4096 for a model.
Result<Workload> LoadWorkload(const std::string& model, const std::string& file,
                              int context_tokens);

// "ttft=1.5,itl=0.05": seconds over 0, either or both; empty: no limits.
Result<Slo> ParseSlo(std::string_view text);

}  // namespace motley
