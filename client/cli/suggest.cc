#include <cstdio>

#include "client/cli/commands.h"
#include "daemon/validate/nearest.h"

namespace motley {

void SuggestCommand(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  const std::string nearest = NearestName(word, names);
  const bool close = EditDistance(word, nearest) <= 1 + word.size() / 3;
  if (!word.empty() && word[0] != '-' && word != nearest && close) {
    std::fprintf(stderr, "did you mean %s?\n", nearest.c_str());
  }
}

}  // namespace motley
