// motley: the command line.

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <system_error>

#include "base/log.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"

namespace {

int Run(int argc, char** argv) {
  CLI::App app("Motley runs a language model on all the devices of one machine.\n");
  app.name("motley");
  app.footer(
      "Examples:\n  motley run model.gguf \"Why is the sky blue?\"\n  motley serve model.gguf\n"
      "  motley plan model.gguf\n  motley\n");
  app.set_version_flag("--version", "motley " MOTLEY_VERSION);
  app.require_subcommand(0, 1);
  int status = 0;
  motley::AddSummary(app, &status);
  motley::AddRunCommand(app, &status);
  motley::AddServeCommand(app, &status);
  motley::AddPsCommand(app, &status);
  motley::AddDevicesCommand(app, &status);
  motley::AddTopologyCommand(app, &status);
  motley::AddDoctorCommand(app, &status);
  motley::AddExplainCommand(app, &status);
  motley::AddProfileCommand(app, &status);
  motley::AddPlanCommand(app, &status);
  motley::AddSimulateCommand(app, &status);
  motley::AddWhatIfCommand(app, &status);
  motley::AddBenchCommand(app, &status);
  motley::AddModelsCommand(app, &status);
  motley::AddTokenizeCommands(app, &status);
  motley::AddTemplateCommand(app, &status);
  motley::AddConformanceCommand(app, &status);
  motley::AddReferenceCommands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (error.get_exit_code() == 0) return app.exit(error);
    const bool json = std::ranges::find(words, "--json") != words.end();
    return motley::ReportError(motley::UsageError(app, error, words),
                               json ? motley::Format::kJson : motley::Format::kText);
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_ALL, "");
  motley::SetLogLevel(motley::LogLevel::kWarning);
  int status = 1, cause = 0;
  try {
    status = Run(argc, argv);
  } catch (const std::system_error& error) {
    if (!std::ferror(stdout))
      return motley::ReportError(motley::Error::Internal(error.what()), motley::Format::kText);
    cause = error.code().value();  // fmt throws where stdout takes no more
  }
  return motley::FinishOutput(status, cause);
}
