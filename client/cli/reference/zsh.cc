#include "client/cli/reference/reference.h"

namespace motley {
namespace {

// Text between single quotes, with backslashes before `special`.
std::string Escape(const std::string& text, const std::string& special) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '\\' || special.find(c) != std::string::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string FunctionName(const CommandShape& command) { return "_" + Join(command.words, "__"); }

std::string Action(const OptionShape& option) {
  if (option.text) return "_files";
  return option.choices.empty() ? " " : "(" + Join(option.choices, " ") + ")";
}

// '(-o --output)'{-o,--output}'[about]:TEXT:(a b)'
std::string OptionSpec(const OptionShape& option) {
  const std::string tail =
      "[" + Escape(option.about, "[]:") + "]" +
      (option.label.empty() ? "" : ":" + Escape(option.label, ":") + ":" + Action(option)) + "'";
  if (option.names.size() == 1) return "'" + option.names[0] + tail;
  return "'(" + Join(option.names, " ") + ")'{" + Join(option.names, ",") + "}'" + tail;
}

std::string SubCommands(const CommandShape& command) {
  std::string names, calls;
  for (const CommandShape& sub : command.commands) {
    names += "        '" + sub.words.back() + ":" + Escape(sub.about, ":") + "'\n";
    calls += "        " + sub.words.back() + ") " + FunctionName(sub) + " ;;\n";
  }
  return "  case $state in\n    command)\n      names=(\n" + names +
         "      )\n      _describe -t commands command names\n      ;;\n"
         "    words)\n      case $line[1] in\n" +
         calls + "      esac\n      ;;\n  esac\n";
}

std::string Functions(const CommandShape& command) {
  std::string below;
  for (const CommandShape& sub : command.commands) below += Functions(sub);
  const bool group = !command.commands.empty();
  std::string body =
      group ? "  local state line\n  local -a names\n  _arguments -C" : "  _arguments";
  for (const OptionShape& option : command.options) body += " \\\n    " + OptionSpec(option);
  for (const OptionShape& argument : command.arguments) {
    body += " \\\n    '" + std::string(argument.required ? ":" : "::") +
            Escape(argument.label, ":") + ":" + Action(argument) + "'";
  }
  if (group) body += " \\\n    ': :->command' \\\n    '*:: :->words'";
  body += "\n" + (group ? SubCommands(command) : "");
  return below + FunctionName(command) + "() {\n" + body + "}\n";
}

}  // namespace

std::string ZshCompletion(const CommandShape& program) {
  return "#compdef motley\n# zsh completion of motley, printed by: motley completion zsh\n" +
         Functions(program) +
         "if [[ $funcstack[1] == _motley ]]; then\n  _motley \"$@\"\nelse\n"
         "  compdef _motley motley\nfi\n";
}

}  // namespace motley
