#include <sstream>

#include "client/cli/reference/reference.h"

namespace motley {
namespace {

// CLI11 shows a set of choices as "TEXT:{a,b,c}" and has no other way to ask for it.
std::vector<std::string> Choices(const std::string& type) {
  const size_t open = type.find(":{");
  if (open == std::string::npos || !type.ends_with('}')) return {};
  std::vector<std::string> choices;
  std::istringstream in(type.substr(open + 2, type.size() - open - 3));
  for (std::string choice; std::getline(in, choice, ',');) choices.push_back(choice);
  return choices;
}

OptionShape ShapeOfOption(const CLI::Option& option) {
  OptionShape shape{.about = option.get_description(),
                    .environment = option.get_envname(),
                    .required = option.get_required()};
  for (const std::string& name : option.get_snames()) shape.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) shape.names.push_back("--" + name);
  if (option.get_items_expected_max() == 0) return shape;
  const std::string type = option.get_type_name();
  const std::string base = type.substr(0, type.find(':'));
  shape.choices = Choices(type);
  shape.text = base == "TEXT" && shape.choices.empty();
  shape.label = shape.names.empty() ? option.get_single_name() : base;
  return shape;
}

std::string WithoutHeading(const std::string& footer) {
  return footer.starts_with("Example") ? footer.substr(footer.find('\n') + 1) : footer;
}

CommandShape Walk(const CLI::App& app, std::vector<std::string> words) {
  words.push_back(app.get_name());
  CommandShape shape{
      .words = words, .about = app.get_description(), .examples = WithoutHeading(app.get_footer())};
  while (shape.about.ends_with('\n')) shape.about.pop_back();
  for (const CLI::Option* option : app.get_options()) {
    const OptionShape one = ShapeOfOption(*option);
    if (!option->get_group().empty())
      (one.names.empty() ? shape.arguments : shape.options).push_back(one);
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) shape.commands.push_back(Walk(*command, words));
  }
  return shape;
}

}  // namespace

CommandShape ShapeOf(const CLI::App& app) { return Walk(app, {}); }

std::string Join(const std::vector<std::string>& words, const std::string& separator) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) out += (i == 0 ? "" : separator) + words[i];
  return out;
}

}  // namespace motley
