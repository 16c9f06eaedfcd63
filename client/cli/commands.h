#pragma once
// The subcommands of `motley`, one file each in commands/. A command adds itself to the app; its
// callback leaves the exit status.

#include <CLI/CLI.hpp>
#include <string>

namespace motley {

// Says on stderr which command was probably meant: "did you mean devices?".
void SuggestCommand(const CLI::App& app, const std::string& word);

void AddBenchCommand(CLI::App& app, int* status);
void AddConformanceCommand(CLI::App& app, int* status);
void AddDevicesCommand(CLI::App& app, int* status);
void AddModelsCommand(CLI::App& app, int* status);
void AddPlanCommand(CLI::App& app, int* status);
void AddPsCommand(CLI::App& app, int* status);
void AddRunCommand(CLI::App& app, int* status);
void AddServeCommand(CLI::App& app, int* status);
void AddTemplateCommand(CLI::App& app, int* status);
void AddTokenizeCommands(CLI::App& app, int* status);  // tokenize, detokenize

}  // namespace motley
