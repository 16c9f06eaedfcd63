// motley: the command line.

#include <clocale>

#include "base/log.h"
#include "client/cli/commands.h"

int main(int argc, char** argv) {
  std::setlocale(LC_ALL, "");
  motley::SetLogLevel(motley::LogLevel::kWarning);
  CLI::App app("Motley runs a language model on all the devices of one machine.\n");
  app.name("motley");
  app.footer(
      "Examples:\n  motley run model.gguf \"Why is the sky blue?\"\n  motley serve model.gguf\n"
      "  motley plan model.gguf\n  motley devices\n");
  app.set_version_flag("--version", "motley " MOTLEY_VERSION);
  app.require_subcommand(1);
  int status = 0;
  motley::AddRunCommand(app, &status);
  motley::AddServeCommand(app, &status);
  motley::AddPsCommand(app, &status);
  motley::AddDevicesCommand(app, &status);
  motley::AddPlanCommand(app, &status);
  motley::AddBenchCommand(app, &status);
  motley::AddModelsCommand(app, &status);
  motley::AddTokenizeCommands(app, &status);
  motley::AddTemplateCommand(app, &status);
  motley::AddConformanceCommand(app, &status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) == 0) return 0;
    motley::SuggestCommand(app, argc > 1 ? argv[1] : "");
    return 2;
  }
  return status;
}
