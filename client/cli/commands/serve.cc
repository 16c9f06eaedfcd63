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
int BecomeDaemon(CLI::App& command) {
  std::vector<std::string> words{HelperProgram("motleyd")};
  for (const std::string& word : command.remaining()) words.push_back(word);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  return ReportError(ErrnoError("cannot start " + words[0], errno).Fix("build it: scripts/build"),
                     Format::kText);
}

}  // namespace

void AddServeCommand(CLI::App& app, int* status) {
  CLI::App* command =
      app.add_subcommand("serve", "Serve a model over HTTP until Ctrl-C or SIGTERM");
  command->footer(
      "Options and their meaning: motley serve --help-all, or motleyd --help.\n\nExamples:\n"
      "  motley serve model.gguf\n  motley serve model.gguf --listen 127.0.0.1:8080 --ctx 4096\n"
      "  motley serve model.gguf --devices cpu0,ocl0 --split 0-14,15-29\n");
  command->prefix_command();
  command->callback([command, status] { *status = BecomeDaemon(*command); });
}

}  // namespace motley
