#pragma once
// The subcommands of `motley`, one file each in commands/. A command adds itself to the app; its
// callback leaves the exit status.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace motley {

// What is wrong with a command line (`words`: without the program's name), as InvalidArgument: for
// a command that is none, which one was probably meant.
Error UsageError(const CLI::App& app, const CLI::ParseError& error,
                 const std::vector<std::string>& words);

// For an option's check(): what an empty variable makes of `--root "$BOX"` is refused, not ignored.
std::string NotEmpty(const std::string& value);

void AddBenchCommand(CLI::App& app, int* status);
void AddConformanceCommand(CLI::App& app, int* status);
void AddDevicesCommand(CLI::App& app, int* status);
void AddDoctorCommand(CLI::App& app, int* status);
void AddExplainCommand(CLI::App& app, int* status);
void AddModelsCommand(CLI::App& app, int* status);
void AddPlanCommand(CLI::App& app, int* status);
void AddWhatIfCommand(CLI::App& app, int* status);
void AddProfileCommand(CLI::App& app, int* status);
void AddPsCommand(CLI::App& app, int* status);
void AddReferenceCommands(CLI::App& app);  // completion, man: of all commands that are there
void AddRunCommand(CLI::App& app, int* status);
void AddServeCommand(CLI::App& app, int* status);
void AddSimulateCommand(CLI::App& app, int* status);
void AddSummary(CLI::App& app, int* status);  // without a command
void AddTemplateCommand(CLI::App& app, int* status);
void AddTokenizeCommands(CLI::App& app, int* status);  // tokenize, detokenize
void AddTopologyCommand(CLI::App& app, int* status);

}  // namespace motley
