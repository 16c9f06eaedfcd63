#pragma once
// motleyd's command line: also what `motley serve` passes on.

#include <CLI/CLI.hpp>
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

// Reads the plan file, checks that the options go together.
Result<CoreOptions> ToCoreOptions(const ServeOptions& options);

}  // namespace motley
