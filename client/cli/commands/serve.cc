#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "daemon/app/options.h"

namespace motley {
namespace {

// The command becomes a private motleyd: signals and the exit status are its own.
int BecomeDaemon(const ServeOptions& options) {
  std::vector<std::string> words{HelperProgram("motleyd")};
  for (std::string& word : ToArguments(options)) words.push_back(std::move(word));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  return ReportError(ErrnoError("cannot start " + words[0], errno).Fix("build it: scripts/build"),
                     Format::kText);
}

}  // namespace

void AddServeCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command =
      app.add_subcommand("serve", "Serve a model over HTTP until Ctrl-C or SIGTERM");
  command->footer(
      "Examples:\n  motley serve model.gguf\n"
      "  motley serve model.gguf --listen 127.0.0.1:8080 --ctx 4096\n"
      "  motley serve model.gguf --devices cpu0,ocl0 --split 0-14,15-29\n");
  command->add_option("model", options->model, "model file (GGUF)")->required();
  AddPlacementOptions(*command, options.get());
  AddListenOptions(*command, options.get());
  command->callback([options, status] { *status = BecomeDaemon(*options); });
}

}  // namespace motley
