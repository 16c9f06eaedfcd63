#include "client/cli/reference/reference.h"

namespace motley {
namespace {

constexpr char kHead[] = R"(# fish completion of motley, printed by: motley completion fish
function __motley_words
    set -l words (commandline -opc)
    set -e words[1]
    string match -v -- '-*' $words
end
function __motley_at --description 'The line so far is these commands'
    set -l words (__motley_words)
    test "$words" = "$argv"
end
function __motley_in --description 'The line begins with these commands'
    set -l words (__motley_words)
    test "$words[1..$(count $argv)]" = "$argv"
end
complete -c motley -f
)";

std::string Quote(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string Value(const OptionShape& option) {
  if (option.label.empty()) return "";
  if (option.text) return " -r -F";
  return " -x" + (option.choices.empty() ? "" : " -a " + Quote(Join(option.choices, " ")));
}

std::string Lines(const CommandShape& command) {
  const bool top = command.words.size() == 1;
  const std::vector<std::string> below(command.words.begin() + 1, command.words.end());
  const std::string path = top ? "" : " " + Join(below, " ");
  const std::string at = "complete -c motley -n " + Quote("__motley_at" + path);
  const std::string in = top ? at : "complete -c motley -n " + Quote("__motley_in" + path);
  std::string out;
  for (const CommandShape& sub : command.commands)
    out += at + " -a " + sub.words.back() + " -d " + Quote(sub.about) + "\n";
  for (const OptionShape& option : command.options) {
    out += in;
    for (const std::string& name : option.names)
      out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    out += Value(option) + " -d " + Quote(option.about) + "\n";
  }
  for (const OptionShape& argument : command.arguments) {
    if (argument.text) out += in + " -F\n";
    if (!argument.choices.empty()) {
      out += at + " -a " + Quote(Join(argument.choices, " ")) + " -d " + Quote(argument.about);
      out += "\n";
    }
  }
  for (const CommandShape& sub : command.commands) out += Lines(sub);
  return out;
}

}  // namespace

std::string FishCompletion(const CommandShape& program) { return kHead + Lines(program); }

}  // namespace motley
