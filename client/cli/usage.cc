#include "base/nearest.h"
#include "client/cli/commands.h"

namespace motley {
namespace {

Error UnknownCommand(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  const std::string nearest = NearestName(word, names);
  const bool close = EditDistance(word, nearest) <= 1 + word.size() / 3;
  return Error::Invalid("command", "there is no command \"" + word + "\"" +
                                       (close ? "; did you mean " + nearest + "?" : ""));
}

}  // namespace

std::string NotEmpty(const std::string& value) { return value.empty() ? "its value is empty" : ""; }

Error UsageError(const CLI::App& app, const CLI::ParseError& error,
                 const std::vector<std::string>& words) {
  const CLI::App* at = &app;
  std::string command = app.get_name();
  size_t depth = 0;
  for (; !at->get_subcommands().empty(); ++depth) {
    at = at->get_subcommands().front();
    command += " " + at->get_name();
  }
  const bool unknown =
      !at->get_subcommands({}).empty() && depth < words.size() && !words[depth].starts_with('-');
  Error usage = unknown ? UnknownCommand(*at, words[depth]) : Error::Invalid("", error.what());
  return std::move(usage).Fix(command + " --help");
}

}  // namespace motley
