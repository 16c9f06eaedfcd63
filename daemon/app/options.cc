#include "daemon/app/options.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "scheduler/plan.h"

namespace motley {
namespace {

constexpr uint64_t kPlanLimit = 4 << 20;

}  // namespace

void AddPlacementOptions(CLI::App& app, ServeOptions* options) {
  app.add_option("--devices", options->devices,
                 "devices to use: ids, PCI addresses or UUIDs (default: all ready ones)")
      ->delimiter(',');
  app.add_option(
      "--split", options->split,
      "layers of each device by hand, 0-14,15-29; or auto: the best split that uses every device");
  app.add_option("--plan", options->plan_file, "a plan saved by motley plan --save")
      ->check(CLI::ExistingFile);
  app.add_option("--ctx", options->context_tokens,
                 "tokens of context (default: the model's, at most 8192)")
      ->check(CLI::Range(16, 1 << 20));
  app.add_option("-t,--threads", options->threads, "threads of cpu devices (default: one per core)")
      ->check(CLI::Range(1, 1024));
  app.add_flag("--remeasure", options->remeasure,
               "measure the devices again instead of trusting the stored profile");
  app.add_option("--simulate", options->simulate, "serve on the fake devices of a machine file")
      ->check(CLI::ExistingFile);
}

void AddListenOptions(CLI::App& app, ServeOptions* options) {
  app.add_option("--listen", options->listen,
                 "127.0.0.1:PORT or unix:PATH (default 127.0.0.1:6685)")
      ->delimiter(',');
  app.add_option("--rpc", options->rpc,
                 "address of the native door, as ipc:///run/motley/rpc.sock");
}

Result<CoreOptions> ToCoreOptions(const ServeOptions& options) {
  CoreOptions core;
  core.model_path = options.model;
  PlanningOptions& planning = core.planning;
  planning.devices = options.devices;
  planning.split = options.split;
  planning.context_tokens = options.context_tokens;
  planning.threads = options.threads;
  planning.prefill_chunk = options.batch_rows;
  planning.remeasure = options.remeasure;
  if (!options.simulate.empty()) setenv("MOTLEY_FAKE_MACHINE", options.simulate.c_str(), 1);
  planning.backends =
      options.simulate.empty() ? std::vector<std::string>{} : std::vector<std::string>{"fake"};
  if (!options.plan_file.empty()) {
    if (!options.split.empty() || !options.devices.empty()) {
      return Error::Invalid("plan",
                            "--plan says where everything goes; leave out --devices and --split");
    }
    const std::string text = TRY(ReadFile(options.plan_file, kPlanLimit));
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded()) return Error::Invalid("plan", options.plan_file + " is not JSON");
    planning.plan = TRY(PlanFromJson(json));
  }
  return core;
}

}  // namespace motley
