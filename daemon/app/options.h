#pragma once
// motleyd's command line: also what `motley serve` passes on.

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/core/core.h"

namespace motley {

struct ServeOptions {
  std::string model;
  std::vector<std::string> listen;  // "127.0.0.1:6685", "unix:PATH"
  std::string rpc;                  // ZeroMQ address of the native door, "" : none
  std::vector<std::string> devices;
  std::string split, plan_file;
  int context_tokens = 0;
  int threads = 0;
  int batch_rows = 512;
  bool remeasure = false;
  std::string simulate;  // machine file of fake devices
};

// Adds the options that say what to serve where. `options` outlives the app.
void AddPlacementOptions(CLI::App& app, ServeOptions* options);
void AddListenOptions(CLI::App& app, ServeOptions* options);

// A document in a file of at most 64 MiB. Errors: of ReadFile; InvalidArgument that says where it
// is no JSON.
Result<nlohmann::json> ReadJson(const std::string& path);

// The words that make motleyd do what `options` say, without the name of the program.
std::vector<std::string> ToArguments(const ServeOptions& options);

// Reads the plan file, checks that the options go together and that the simulated machine is there.
Result<CoreOptions> ToCoreOptions(const ServeOptions& options);

}  // namespace motley
