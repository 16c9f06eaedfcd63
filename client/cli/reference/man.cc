#include <algorithm>
#include <cctype>
#include <sstream>

#include "client/cli/reference/reference.h"

namespace motley {
namespace {

// As docs/cli.md has them.
constexpr char kProgramEnd[] = R"(.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
failed: unsupported, not valid, internal
.TP
.B 2
usage: an argument or option is wrong
.TP
.B 3
not found
.TP
.B 4
the service cannot be reached
.TP
.B 5
a device is not ready, or was lost
.TP
.B 6
does not fit into memory
.TP
.B 7
timed out or cancelled
.TP
.B 8
refused
.TP
.B 130
interrupted
.SH ENVIRONMENT
.TP
.B MOTLEY_HOST
where a running service is looked for, HOST:PORT or unix:PATH
.TP
.B MOTLEY_STATE
folder for measured times and compiled kernels
.TP
.B NO_COLOR
no colours
)";

// Text as troff takes it: nothing in it is an instruction, and each hyphen can be copied.
std::string Troff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (out.empty() || out.back() == '\n') {
      if (c == '.' || c == '\'') out += "\\&";
    }
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Bold(const std::string& text) { return "\\fB" + Troff(text) + "\\fR"; }
std::string Italic(const std::string& text) { return "\\fI" + Troff(text) + "\\fR"; }

std::string PageName(const CommandShape& command) { return Join(command.words, "-"); }

// "motley models check [options] file"
std::string Synopsis(const CommandShape& command) {
  std::string out = Bold(Join(command.words, " "));
  if (!command.options.empty()) out += " [" + Italic("options") + "]";
  for (const OptionShape& argument : command.arguments) {
    const std::string label = Italic(argument.label);
    out += argument.required ? " " + label : " [" + label + "]";
  }
  if (!command.commands.empty()) {
    out += command.words.size() == 1 ? " [" + Italic("command") + "]" : " " + Italic("command");
  }
  return out + "\n";
}

std::string Entry(const OptionShape& option) {
  std::string head;
  for (const std::string& name : option.names) head += (head.empty() ? "" : ", ") + Bold(name);
  if (!option.label.empty()) head += (head.empty() ? "" : " ") + Italic(option.label);
  std::string about = option.about;
  const bool told = std::ranges::all_of(option.choices, [&](const std::string& choice) {
    return about.find(choice) != std::string::npos;
  });
  if (!told) about += "; one of " + Join(option.choices, ", ");
  if (!option.environment.empty()) about += "; environment: " + option.environment;
  return ".TP\n" + head + "\n" + Troff(about) + "\n";
}

std::string Entries(const std::vector<OptionShape>& options) {
  std::string out;
  for (const OptionShape& option : options) out += Entry(option);
  return out;
}

std::string Commands(const CommandShape& command) {
  std::string out = ".SH COMMANDS\n";
  for (const CommandShape& sub : command.commands) {
    if (command.words.size() == 1) {
      out += ".TP\n" + Bold(PageName(sub)) + "(1)\n" + Troff(sub.about) + "\n";
    } else {
      out += ".SS " + sub.words.back() + "\n" + Synopsis(sub) + ".PP\n" + Troff(sub.about) + "\n" +
             Entries(sub.arguments) + Entries(sub.options);
    }
  }
  return out;
}

std::string Examples(const std::string& lines) {
  std::string out = ".SH EXAMPLES\n.nf\n";
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const size_t start = line.find_first_not_of(' ');
    if (start != std::string::npos) out += Troff(line.substr(start)) + "\n";
  }
  return out + ".fi\n";
}

}  // namespace

std::string ManPage(const CommandShape& command, const std::string& version) {
  const bool top = command.words.size() == 1;
  std::string title = PageName(command);
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string out = ".TH " + Troff(title) + " 1 \"\" \"motley " + Troff(version) +
                    "\" \"Motley\"\n.SH NAME\n" + Troff(PageName(command)) + " \\- " +
                    Troff(command.about) + "\n.SH SYNOPSIS\n" + Synopsis(command);
  if (top) {
    out +=
        ".SH DESCRIPTION\nWithout a command:\nthe devices of this machine, and what a running "
        "service does.\n";
  }
  if (!command.commands.empty()) out += Commands(command);
  if (!command.arguments.empty()) out += ".SH ARGUMENTS\n" + Entries(command.arguments);
  if (!command.options.empty()) out += ".SH OPTIONS\n" + Entries(command.options);
  if (top) out += kProgramEnd;
  if (!command.examples.empty()) out += Examples(command.examples);
  if (!top) out += ".SH SEE ALSO\n\\fBmotley\\fR(1)\n";
  return out;
}

}  // namespace motley
