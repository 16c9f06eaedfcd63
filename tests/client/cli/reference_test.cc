// Shell completion and man pages, tried with the shells and troff that are installed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/client/cli/program.h"

namespace motley {
namespace {

using testing::HasSubstr;

// A program of this machine, "" if it is not installed.
std::string Installed(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/bin/"}) {
    if (std::filesystem::exists(folder + name)) return folder + name;
  }
  return "";
}

Said RunOther(const std::vector<std::string>& arguments) {
  const TestFolder folder;
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const Fd out(open((folder / "out").c_str(), flags, 0600));
  const Fd err(open((folder / "err").c_str(), flags, 0600));
  auto child = Spawn({.arguments = arguments, .fds = {{out.get(), 1}, {err.get(), 2}}});
  if (!child.ok()) return {-1, "", child.error().message};
  return Finish(folder, *child);
}

std::string Script(const std::string& shell) { return RunProgram({"completion", shell}).out; }

// What bash proposes for the last of `words` on a line of `motley`.
std::set<std::string> BashProposes(const std::vector<std::string>& words) {
  const TestFolder folder;
  std::ofstream(folder / "motley.bash") << Script("bash");
  std::string line = "COMP_WORDS=(motley";
  for (const std::string& word : words) line += " '" + word + "'";
  line += "); COMP_CWORD=" + std::to_string(words.size());
  const std::string program = "set -u; source '" + (folder / "motley.bash") + "'; " + line +
                              "; _motley; printf '%s\\n' \"${COMPREPLY[@]}\"";
  const Said said = RunOther({"/bin/bash", "--norc", "-c", program});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.err, "");
  std::set<std::string> proposals;
  std::istringstream in(said.out);
  for (std::string proposal; std::getline(in, proposal);) {
    if (!proposal.empty()) proposals.insert(proposal);
  }
  return proposals;
}

struct Options {
  std::string command;          // "models check", "" for motley itself
  std::set<std::string> names;  // "--json"
};

// Every command and its long options, as --help tells them.
std::vector<Options> OfAllCommands(const std::vector<std::string>& words = {}) {
  std::vector<std::string> ask = words;
  ask.emplace_back("--help");
  const Said said = RunProgram(ask);
  EXPECT_EQ(said.status, 0) << said.err;
  Options own;
  for (const std::string& word : words) own.command += (own.command.empty() ? "" : " ") + word;
  std::vector<Options> all;
  bool commands = false;
  std::istringstream in(said.out);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != ' ') commands = line.starts_with("Subcommands");
    std::istringstream parts(line);
    std::string first;
    parts >> first;
    if (!line.starts_with("  ") || line.starts_with("   ") || first.empty()) continue;
    if (commands) {
      std::vector<std::string> below = words;
      below.push_back(first);
      for (Options& options : OfAllCommands(below)) all.push_back(std::move(options));
    } else if (const size_t at = first.find("--"); first[0] == '-' && at != std::string::npos) {
      own.names.insert(first.substr(at, first.find(',', at) - at));
    }
  }
  all.push_back(own);
  return all;
}

TEST(Completion, BashCompletesCommands) {
  EXPECT_EQ(BashProposes({"devi"}), std::set<std::string>{"devices"});
  EXPECT_EQ(BashProposes({"de"}), (std::set<std::string>{"detokenize", "devices"}));
  EXPECT_EQ(BashProposes({"models", ""}), (std::set<std::string>{"check", "list"}));
  EXPECT_EQ(BashProposes({"completion", "z"}), std::set<std::string>{"zsh"});
  EXPECT_EQ(BashProposes({"man", "topo"}), std::set<std::string>{"topology"});
  EXPECT_EQ(BashProposes({"no-such", "de"}).count("devices"), 1u);
}

TEST(Completion, BashCompletesOptionsOfTheCommandOnTheLine) {
  EXPECT_EQ(BashProposes({"devices", "--wid"}), std::set<std::string>{"--wide"});
  EXPECT_EQ(BashProposes({"plan", "--wid"}), std::set<std::string>{});
  EXPECT_EQ(BashProposes({"models", "check", "--js"}), std::set<std::string>{"--json"});
}

TEST(Completion, BashCompletesChoicesOfAnOption) {
  const std::set<std::string> j = {"json", "jsonl"};
  EXPECT_EQ(BashProposes({"devices", "-o", "j"}), j);
  EXPECT_EQ(BashProposes({"devices", "--wide", "--output", "j"}), j);
  EXPECT_EQ(BashProposes({"devices", "--output", "=", "j"}), j);  // as bash splits --output=j
  EXPECT_EQ(BashProposes({"devices", "--output", "="}).size(), 6u);
  EXPECT_EQ(BashProposes({"plan", "--objective", "b"}), std::set<std::string>{"bottleneck"});
  EXPECT_EQ(BashProposes({"plan", "--prompt", ""}), std::set<std::string>{});
}

TEST(Completion, TheValueOfAnOptionIsNoCommand) {
  // devices is here the folder's name, so what follows belongs to topology.
  EXPECT_EQ(BashProposes({"topology", "--root", "devices", "--synth"}),
            std::set<std::string>{"--synthetic"});
}

TEST(Completion, BashCompletesNamesOfFilesWithBlanks) {
  const TestFolder folder;
  std::ofstream(folder / "a model.gguf") << "x";
  EXPECT_EQ(BashProposes({"run", folder / "a mo"}), std::set<std::string>{folder / "a model.gguf"});
  EXPECT_EQ(BashProposes({"topology", "--input", folder / "a"}),
            std::set<std::string>{folder / "a model.gguf"});
}

TEST(Completion, EveryOptionOfEveryCommandIsInEveryScript) {
  const auto commands = OfAllCommands();
  ASSERT_GT(commands.size(), 15u);
  const std::string bash = Script("bash"), zsh = Script("zsh"), fish = Script("fish");
  for (const Options& one : commands) {
    const std::string at = "motley" + (one.command.empty() ? "" : " " + one.command);
    const size_t line = bash.find("    '" + at + "') reply='-h --help");
    ASSERT_NE(line, std::string::npos) << at;
    const std::string options = bash.substr(line, bash.find('\n', line) - line);
    std::string function = at;
    for (size_t i = 0; (i = function.find(' ', i)) != std::string::npos;) {
      function.replace(i, 1, "__");
    }
    const size_t begin = zsh.find("_" + function + "() {");
    ASSERT_NE(begin, std::string::npos) << at;
    const std::string body = zsh.substr(begin, zsh.find("\n}\n", begin) - begin);
    const std::string in =
        one.command.empty() ? "'__motley_at'" : "'__motley_in " + one.command + "'";
    for (const std::string& name : one.names) {
      EXPECT_THAT(options + " ", testing::ContainsRegex("[ ']" + name + "[ ']")) << at;
      EXPECT_THAT(body, HasSubstr(name)) << at;
      bool told = false;
      std::istringstream lines(fish);
      for (std::string text; std::getline(lines, text);) {
        told = told || (text.find("-n " + in) != std::string::npos &&
                        text.find(" -l " + name.substr(2) + " ") != std::string::npos);
      }
      EXPECT_TRUE(told) << at << " " << name;
    }
  }
}

TEST(Completion, ZshTakesTheScript) {
  const std::string zsh = Installed("zsh");
  if (zsh.empty()) GTEST_SKIP() << "zsh is not installed";
  const TestFolder folder;
  std::ofstream(folder / "_motley") << Script("zsh");
  const Said checked = RunOther({zsh, "-n", folder / "_motley"});
  EXPECT_EQ(checked.status, 0) << checked.err;
  const Said loaded = RunOther({zsh, "-f", "-c",
                                "autoload -U compinit; compinit -D -u; source '" +
                                    (folder / "_motley") + "'; print $_comps[motley]"});
  EXPECT_EQ(loaded.out, "_motley\n") << loaded.err;
}

TEST(Completion, FishCompletesCommandsOptionsAndChoices) {
  const std::string fish = Installed("fish");
  if (fish.empty()) GTEST_SKIP() << "fish is not installed";
  const TestFolder folder;
  std::ofstream(folder / "motley.fish") << Script("fish");
  const auto proposes = [&](const std::string& line) {
    return RunOther({fish, "--no-config", "-c",
                     "source '" + (folder / "motley.fish") + "'; complete -C '" + line + "'"})
        .out;
  };
  EXPECT_THAT(proposes("motley devi"), testing::StartsWith("devices\t"));
  EXPECT_THAT(proposes("motley devices --wi"), testing::StartsWith("--wide\t"));
  EXPECT_THAT(proposes("motley devices -o jsonl"), testing::StartsWith("jsonl\t"));
  EXPECT_THAT(proposes("motley models "), HasSubstr("check\t"));
  EXPECT_THAT(proposes("motley man devi"), testing::StartsWith("devices\t"));
}

TEST(Completion, AnUnknownShellIsAUsageError) {
  const Said said = RunProgram({"completion", "tcsh"});
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.err, HasSubstr("bash"));
}

// Text of a page without what only troff reads.
std::string Plain(const std::string& page) {
  std::string out;
  for (size_t i = 0; i < page.size(); ++i) {
    if (page.compare(i, 2, "\\f") == 0) {
      i += 2;
    } else if (page[i] != '\\') {
      out += page[i];
    }
  }
  return out;
}

TEST(Man, EveryOptionIsOnThePageOfItsCommand) {
  const std::string program = Plain(RunProgram({"man"}).out);
  for (const Options& one : OfAllCommands()) {
    const std::string first = one.command.substr(0, one.command.find(' '));
    const std::string page = first.empty() ? program : Plain(RunProgram({"man", first}).out);
    const std::string reference = first.empty() ? "motley" : "motley-" + first + "(1)";
    EXPECT_THAT(program, HasSubstr(reference));
    EXPECT_THAT(page, HasSubstr(one.command));
    for (const std::string& name : one.names) EXPECT_THAT(page, HasSubstr(name)) << one.command;
  }
}

TEST(Man, TroffHasNothingToSayAgainstAnyPage) {
  const std::string groff = Installed("groff");
  if (groff.empty()) GTEST_SKIP() << "groff is not installed";
  std::set<std::string> names;
  for (const Options& one : OfAllCommands()) {
    names.insert(one.command.substr(0, one.command.find(' ')));
  }
  const TestFolder folder;
  for (const std::string& name : names) {
    std::vector<std::string> words = {"man"};
    if (!name.empty()) words.push_back(name);
    std::ofstream(folder / "page.1") << RunProgram(words).out;
    const Said said = RunOther({groff, "-man", "-Tutf8", "-ww", "-z", folder / "page.1"});
    EXPECT_EQ(said.status, 0) << name;
    EXPECT_EQ(said.err, "") << name;
  }
}

}  // namespace
}  // namespace motley
