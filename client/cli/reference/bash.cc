#include "client/cli/reference/reference.h"

namespace motley {
namespace {

// How the script walks the line: down the commands, over the values of options.
constexpr char kEngine[] = R"(
_motley() {
  local at=motley reply i word
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if _motley_value "$at" "$word"; then
      [[ ${COMP_WORDS[i+1]} == = ]] && ((++i))
      ((++i))
    elif _motley_commands "$at" && [[ " $reply " == *" $word "* ]]; then
      at+=" $word"
    fi
  done
  # bash makes words of --output=json: --output, = and json.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ! _motley_value "$at" "$previous"; then
    if [[ $current == -* ]]; then
      _motley_options "$at"
    else
      _motley_commands "$at" || _motley_arguments "$at"
    fi
  fi
  if [[ $reply == @file ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$reply" -- "$current")
  fi
}
complete -F _motley motley
)";

struct Cases {
  std::string values, options, commands, arguments;
};

std::string Line(const std::string& patterns, const std::string& reply) {
  return "    " + patterns + ") reply='" + reply + "' ;;\n";
}

// What may stand there: choices, names of files, or nothing that one could propose.
std::string Proposal(const OptionShape& option) {
  return option.text ? "@file" : Join(option.choices, " ");
}

void Collect(const CommandShape& command, Cases* cases) {
  const std::string at = Join(command.words, " ");
  std::string options, commands, arguments;
  for (const OptionShape& option : command.options) {
    std::string patterns;
    for (const std::string& name : option.names) {
      options += (options.empty() ? "" : " ") + name;
      patterns += (patterns.empty() ? "'" : "|'") + at + " " + name + "'";
    }
    if (!option.label.empty()) cases->values += Line(patterns, Proposal(option));
  }
  for (const OptionShape& argument : command.arguments) {
    if (arguments.empty()) arguments = Proposal(argument);
  }
  for (const CommandShape& sub : command.commands) {
    commands += (commands.empty() ? "" : " ") + sub.words.back();
    Collect(sub, cases);
  }
  cases->options += Line("'" + at + "'", options);
  if (!commands.empty()) cases->commands += Line("'" + at + "'", commands);
  if (!arguments.empty()) cases->arguments += Line("'" + at + "'", arguments);
}

std::string Function(const std::string& name, const std::string& subject,
                     const std::string& lines) {
  return name + "() {\n  reply=\n  case \"" + subject + "\" in\n" + lines +
         "    *) return 1 ;;\n  esac\n}\n";
}

}  // namespace

std::string BashCompletion(const CommandShape& program) {
  Cases cases;
  Collect(program, &cases);
  return "# bash completion of motley, printed by: motley completion bash\n"
         "# Each sets reply, or fails where there is no such thing.\n" +
         Function("_motley_value", "$1 $2", cases.values) +
         Function("_motley_options", "$1", cases.options) +
         Function("_motley_commands", "$1", cases.commands) +
         Function("_motley_arguments", "$1", cases.arguments) + kEngine;
}

}  // namespace motley
