#pragma once
// Shell completion and man pages, made of the commands' own definitions: what --help knows, they
// know. Pure; any thread.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace motley {

// One option or, without names, one argument.
struct OptionShape {
  std::vector<std::string> names;  // "-o", "--output"
  std::string label;               // of its value in a help text: "model", "TEXT"; "": a flag
  std::string about;
  std::string environment;           // variable that stands in for it, or ""
  std::vector<std::string> choices;  // all values that it takes, if they are few
  bool text = false;                 // takes any text, so perhaps the name of a file
  bool required = false;
};

struct CommandShape {
  std::vector<std::string> words;  // "motley", "models", "check"
  std::string about;
  std::string examples;  // lines, without the heading
  std::vector<OptionShape> options, arguments;
  std::vector<CommandShape> commands;
};

// A program's commands, with all that are below them. Hidden ones are left out.
CommandShape ShapeOf(const CLI::App& app);

// The words with `separator` between them.
std::string Join(const std::vector<std::string>& words, const std::string& separator);

// Scripts that a shell sources; they ask the program nothing.
std::string BashCompletion(const CommandShape& program);
std::string ZshCompletion(const CommandShape& program);
std::string FishCompletion(const CommandShape& program);

// troff with the man macros: motley(1) of the program, motley-COMMAND(1) of a command, which
// tells of its sub-commands too.
std::string ManPage(const CommandShape& command, const std::string& version);

}  // namespace motley
