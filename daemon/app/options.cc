#include "daemon/app/options.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "hwprofiles/profile.h"
#include "scheduler/plan.h"

namespace motley {
namespace {

constexpr uint64_t kFileLimit = 64 << 20;

}  // namespace

Result<nlohmann::json> ReadJson(const std::string& path) {
  const std::string text = TRY(ReadFile(path, kFileLimit));
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {  // its text: "[...] what, and at which byte"
    const std::string_view what = error.what();
    return Error::Invalid(
        path,
        path + " is not JSON" + std::string(what.substr(std::min(what.find(' '), what.size()))));
  }
}

void AddPlacementOptions(CLI::App& app, ServeOptions* options) {
  app.add_option("--devices", options->devices,
                 "devices to use: ids, PCI addresses or UUIDs (default: all ready ones)")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option(
      "--split", options->split,
      "layers of each device by hand, 0-14,15-29; or auto: the best split that uses every device");
  app.add_option("--plan", options->plan_file, "a plan saved by motley plan --save");
  app.add_option("--ctx", options->context_tokens,
                 "tokens of context (default: the model's, at most 8192)")
      ->check(CLI::Range(16, 1 << 20));
  app.add_option("-t,--threads", options->threads, "threads of cpu devices (default: one per core)")
      ->check(CLI::Range(1, 1024));
  app.add_flag("--remeasure", options->remeasure,
               "measure the devices again instead of trusting the stored profile");
  app.add_option("--simulate", options->simulate, "serve on the fake devices of a machine file");
}

void AddListenOptions(CLI::App& app, ServeOptions* options) {
  app.add_option("--listen", options->listen,
                 "127.0.0.1:PORT or unix:PATH (default 127.0.0.1:6685)")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--rpc", options->rpc,
                 "address of the native door, as ipc:///run/motley/rpc.sock");
}

std::vector<std::string> ToArguments(const ServeOptions& options) {
  std::vector<std::string> out{options.model};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out.insert(out.end(), {name, value});
  };
  const auto join = [](const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : ",") + word;
    return all;
  };
  add("--listen", join(options.listen));
  add("--rpc", options.rpc);
  add("--devices", join(options.devices));
  add("--split", options.split);
  add("--plan", options.plan_file);
  add("--simulate", options.simulate);
  if (options.context_tokens > 0) add("--ctx", std::to_string(options.context_tokens));
  if (options.threads > 0) add("--threads", std::to_string(options.threads));
  if (options.remeasure) out.push_back("--remeasure");
  return out;
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
  if (!options.simulate.empty()) {
    TRY(MachineFromJson(TRY(ReadJson(options.simulate))));
    setenv("MOTLEY_FAKE_MACHINE", options.simulate.c_str(), 1);
  }
  planning.backends =
      options.simulate.empty() ? std::vector<std::string>{} : std::vector<std::string>{"fake"};
  if (!options.plan_file.empty()) {
    if (!options.split.empty() || !options.devices.empty()) {
      return Error::Invalid("plan",
                            "--plan says where everything goes; leave out --devices and --split");
    }
    planning.plan = TRY(PlanFromJson(TRY(ReadJson(options.plan_file))));
  }
  return core;
}

}  // namespace motley
