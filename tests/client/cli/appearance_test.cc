// Colours, encodings and pipes: what a terminal shows must not reach a file, and the reverse.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/client/cli/program.h"

namespace motley {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kBox[] = "numa:2 nv:2@gen4x16 amd:1@gen4x8";

using Environment = std::map<std::string, std::string>;

// motley with stdout and stderr in files, and this over the environment.
Said RunIn(Environment environment, std::vector<std::string> arguments) {
  const TestFolder folder;
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const Fd out(open((folder / "out").c_str(), flags, 0600));
  const Fd err(open((folder / "err").c_str(), flags, 0600));
  arguments.insert(arguments.begin(), MOTLEY_PROGRAM);
  environment.insert({{"MOTLEY_STATE", StateOfTests()},  // keeps what is there
                      {"MOTLEY_HOST", "127.0.0.1:1"},
                      {"NO_COLOR", ""},
                      {"CLICOLOR_FORCE", ""}});
  Child child = Spawn({.arguments = arguments,
                       .fds = {{out.get(), 1}, {err.get(), 2}},
                       .environment = environment})
                    .ReleaseValue();
  return Finish(folder, child);
}

bool IsAscii(const std::string& text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

TEST(Appearance, NothingButTextReachesAPipe) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {}, {"devices"}, {"devices", "--wide"}, {"topology"}, {"doctor"}, {"explain"}}) {
    const Said said = RunIn({}, words);
    EXPECT_TRUE(said.status == 0 || said.status == 5) << said.err;
    EXPECT_FALSE(said.out.empty());
    EXPECT_THAT(said.out, Not(HasSubstr("\033")));
    EXPECT_THAT(said.err, Not(HasSubstr("\033")));
    EXPECT_THAT(said.out, Not(HasSubstr("\r")));
  }
}

TEST(Appearance, AnErrorIsColouredOnlyWhereOneAsksForIt) {
  const std::vector<std::string> wrong = {"devices", "--fields", "colour"};
  const std::string red = "\033[31m";
  EXPECT_THAT(RunIn({}, wrong).err, Not(HasSubstr(red)));
  EXPECT_THAT(RunIn({{"CLICOLOR_FORCE", "1"}}, wrong).err, HasSubstr(red));
  EXPECT_THAT(RunIn({{"CLICOLOR_FORCE", "0"}}, wrong).err, Not(HasSubstr(red)));
  EXPECT_THAT(RunIn({{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}, wrong).err, Not(HasSubstr(red)));
}

TEST(Appearance, ALocaleWithoutUtf8GetsAsciiLines) {
  const std::vector<std::string> tree = {"topology", "--synthetic", kBox};
  const Said plain = RunIn({{"LC_ALL", "C"}}, tree), utf8 = RunIn({{"LC_ALL", "C.UTF-8"}}, tree);
  ASSERT_EQ(plain.status, 0) << plain.err;
  ASSERT_EQ(utf8.status, 0) << utf8.err;
  EXPECT_TRUE(IsAscii(plain.out)) << plain.out;
  EXPECT_FALSE(IsAscii(utf8.out)) << utf8.out;
  EXPECT_EQ(std::ranges::count(plain.out, '\n'), std::ranges::count(utf8.out, '\n'));
  for (const char* id : {"nv0", "nv1", "amd0"}) EXPECT_THAT(plain.out, HasSubstr(id));
}

TEST(Appearance, AsciiIsToBeHadInAnyLocale) {
  const Said said =
      RunIn({{"LC_ALL", "C.UTF-8"}}, {"topology", "--synthetic", kBox, "-o", "ascii"});
  EXPECT_TRUE(IsAscii(said.out)) << said.out;
}

TEST(Appearance, JsonIsTheSameInEveryLocale) {
  const std::vector<std::string> tree = {"topology", "--synthetic", kBox, "--json"};
  EXPECT_EQ(RunIn({{"LC_ALL", "C"}}, tree).out, RunIn({{"LC_ALL", "C.UTF-8"}}, tree).out);
}

TEST(Appearance, TablesAreOfAsciiLinesInTheCLocale) {
  const TestFolder machine;
  std::filesystem::create_directories(machine / "sys");
  for (const char* command : {"devices", "doctor"}) {
    const Said said = RunIn({{"LC_ALL", "C"}}, {command, "--root", machine / ""});
    EXPECT_TRUE(said.status == 0 || said.status == 5) << said.err;
    EXPECT_TRUE(IsAscii(said.out)) << said.out;
  }
}

TEST(Summary, WithoutACommandDevicesAndTheServiceAreShown) {
  const Said said = RunIn({}, {});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("cpu0"));
  EXPECT_THAT(said.out, HasSubstr("no service at 127.0.0.1:1"));
  EXPECT_THAT(said.out, HasSubstr("motley serve MODEL.gguf"));
  EXPECT_LE(std::ranges::count(said.out, '\n'), 40) << "more than a screen";
}

TEST(Summary, AHostThatIsNoneIsToldAndTheDevicesAreShown) {
  const Said said = RunIn({{"MOTLEY_HOST", "nonsense"}}, {});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("cpu0"));
  EXPECT_THAT(said.out, HasSubstr("$MOTLEY_HOST: "));
}

TEST(Summary, JsonBelongsBehindTheCommand) {
  const Said said = RunIn({}, {"--json", "devices"});
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.out, HasSubstr("belongs behind the command"));
}

TEST(Summary, ATypoIsNoSummary) {
  const Said said = RunIn({}, {"devcies"});
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.err, HasSubstr("did you mean devices?"));
}

}  // namespace
}  // namespace motley
