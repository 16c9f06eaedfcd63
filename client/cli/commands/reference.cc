#include "client/cli/reference/reference.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "client/cli/commands.h"

namespace motley {
namespace {

void PrintCompletion(const CLI::App& app, const std::string& shell) {
  const CommandShape program = ShapeOf(app);
  const std::string script = shell == "bash"  ? BashCompletion(program)
                             : shell == "zsh" ? ZshCompletion(program)
                                              : FishCompletion(program);
  std::fputs(script.c_str(), stdout);
}

void PrintPage(const CLI::App& app, const std::string& name) {
  const CommandShape program = ShapeOf(app);
  const auto found = std::ranges::find_if(
      program.commands, [&](const CommandShape& c) { return c.words.back() == name; });
  const CommandShape& shown = found == program.commands.end() ? program : *found;
  std::fputs(ManPage(shown, MOTLEY_VERSION).c_str(), stdout);
}

}  // namespace

void AddReferenceCommands(CLI::App& app) {
  auto shell = std::make_shared<std::string>(), page = std::make_shared<std::string>();
  CLI::App* completion =
      app.add_subcommand("completion", "Completion of commands and options for a shell");
  completion->footer(
      "Examples:\n"
      "  source <(motley completion bash)\n"
      "  motley completion bash > ~/.local/share/bash-completion/completions/motley\n"
      "  motley completion zsh > \"${fpath[1]}/_motley\"\n"
      "  motley completion fish > ~/.config/fish/completions/motley.fish\n");
  completion->add_option("shell", *shell, "which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&app, shell] { PrintCompletion(app, *shell); });

  CLI::App* man = app.add_subcommand("man", "The manual page of a command, for man");
  man->footer("Examples:\n  motley man | man -l -\n  motley man devices > motley-devices.1\n");
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    names.push_back(command->get_name());
  man->add_option("command", *page, "which command; none: the page of motley itself")
      ->check(CLI::IsMember(names));
  man->callback([&app, page] { PrintPage(app, *page); });
}

}  // namespace motley
