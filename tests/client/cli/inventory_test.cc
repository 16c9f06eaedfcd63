// devices, topology and doctor with odd options, broken files and outputs that take nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "tests/client/cli/program.h"
#include "tests/client/cli/service/one_answer.h"

namespace motley {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kAnswer[] =
    "HTTP/1.1 200 OK\r\n\r\n{\"schema\":\"motley.devices/1\",\"devices\":[{\"id\":\"nv7\","
    "\"name\":\"a card\",\"pci\":null,\"findings\":[],\"state\":{\"code\":\"ready\"}}]}";

// By a shell, for what a shell does to a command's outputs.
Said RunShell(const std::string& line) {
  const TestFolder folder;
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const Fd out(open((folder / "out").c_str(), flags, 0600));
  const Fd err(open((folder / "err").c_str(), flags, 0600));
  auto child = Spawn({.arguments = {"/bin/bash", "-c", line},
                      .fds = {{out.get(), 1}, {err.get(), 2}},
                      .environment = {{"MOTLEY", MOTLEY_PROGRAM},
                                      {"MOTLEY_HOST", "127.0.0.1:1"},
                                      {"MOTLEY_STATE", StateOfTests()}}});
  if (!child.ok()) return {-1, "", child.error().message};
  return Finish(folder, *child);
}

TEST(MotleyDevices, AsksTheServiceThatRuns) {
  OneAnswer service(kAnswer);
  const Said said = RunShell("MOTLEY_HOST=" + service.host() + " $MOTLEY devices");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("nv7"));
  EXPECT_THAT(said.err, HasSubstr("--probe asks the drivers"));
}

TEST(MotleyDevices, WhatTheServiceSaysIsTheJson) {
  OneAnswer service(kAnswer);
  const Said said = RunProgram({"devices", "--json", "--host", service.host()});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(json::parse(said.out, nullptr, false)["devices"][0]["id"], "nv7");
}

TEST(MotleyDevices, WithoutAServiceTheDriversAreAsked) {
  const Said said = RunShell("$MOTLEY devices --json");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(json::parse(said.out, nullptr, false)["devices"][0]["id"], "cpu0");
}

TEST(MotleyDevices, ANamedServiceThatIsNotThereIsExit4) {
  EXPECT_EQ(RunProgram({"devices", "--host", "unix:/nonexistent.sock"}).status, 4);
  EXPECT_EQ(RunProgram({"devices", "--host", "nonsense"}).status, 2);
}

TEST(MotleyDevices, ForgivesBlanksInFieldsAndNothingElse) {
  EXPECT_THAT(RunProgram({"devices", "--fields", "id, pci"}).out, HasSubstr("pci"));
  for (const char* wrong : {"", ",", "id,,pci", "id,", "colour"}) {
    const Said said = RunProgram({"devices", "--fields", wrong});
    EXPECT_EQ(said.status, 2) << wrong;
    EXPECT_EQ(said.out, "") << wrong;
  }
}

TEST(MotleyDevices, LinesOfJsonHaveTheFieldsThatWereChosen) {
  const Said said = RunShell("$MOTLEY devices -o jsonl --fields id,pci | head -1");
  EXPECT_EQ(said.out, "{\"id\":\"cpu0\",\"pci\":null}\n");
  EXPECT_EQ(RunProgram({"devices", "--json", "--fields", "id"}).status, 2);
}

TEST(Inventory, TwoFormsOrTwoMachinesAreAUsageError) {
  using Words = std::vector<std::string>;
  for (const Words& words :
       {Words{"devices", "--json", "-o", "csv"}, Words{"topology", "--json", "-o", "svg"},
        Words{"devices", "--root", "/", "--input", "x"}, Words{"devices", "--root", "/", "--probe"},
        Words{"topology", "--root", "/", "--synthetic", "nv:1"}, Words{"devices", "--root", ""},
        Words{"topology", "--synthetic", ""}, Words{"doctor", "--root", ""},
        Words{"doctor", "--host", "nonsense"}, Words{"topology", "-o", "png"},
        Words{"devices", "--watch", "0"}}) {
    const Said said = RunProgram(words);
    EXPECT_EQ(said.status, 2) << words[0] << " " << words[1] << ": " << said.err;
  }
}

TEST(Inventory, WhatCannotBeReadIsToldByItsName) {
  for (const char* command : {"devices", "topology"}) {
    for (const auto& [path, status] : {std::pair("/nonexistent", 3), std::pair("/dev/null", 2)}) {
      const Said said = RunProgram({command, "--input", path});
      EXPECT_EQ(said.status, status) << command;
      EXPECT_THAT(said.err, HasSubstr(path)) << command;
    }
    const Said said = RunProgram({command, "--root", "/etc/passwd"});
    EXPECT_EQ(said.status, 3) << command;
    EXPECT_THAT(said.err, HasSubstr("/etc/passwd")) << command;
  }
}

TEST(Inventory, AFileOfAnythingIsShownOrRefused) {
  const TestFolder folder;
  for (const char* device :
       {R"({"id":7,"name":[],"link":5,"findings":3,"state":"ready"})",
        R"({"memory_bytes":1e300,"free_bytes":-1e300,"numa_node":1e99})",
        R"({"link":{"generation":-1e300,"lanes":1e300,"max_lanes":"x"},"findings":[[],{},null]})",
        R"({"id":"a\u001b[31m\n\u009b","name":"\ud800x","findings":[{"reason":"\u0007"}]})"}) {
    std::ofstream(folder / "d.json")
        << R"({"schema":"motley.devices/1","devices":[)" << device << "]}";
    for (const char* form : {"table", "wide", "md", "csv", "jsonl", "json"}) {
      const Said said = RunProgram({"devices", "--input", folder / "d.json", "-o", form});
      EXPECT_TRUE(said.status == 0 || said.status == 2) << form << device << said.err;
      EXPECT_EQ(said.out.find('\x1b'), std::string::npos) << form << device;
    }
  }
}

TEST(Inventory, WhatAFileSaysMovesNoCursorInErrorsOrMatrices) {
  const TestFolder folder;
  for (const char* text : {R"({"schema":"\u001b[2J"})",
                           R"({"schema":"motley.topology/1","root":{"kind":"machine","id":"m",
           "children":[{"kind":"device","id":"\u001b[2J","memory_bytes":1e308}]}})"}) {
    std::ofstream(folder / "t.json") << text;
    for (const char* form : {"--matrix", "-otext", "-osvg", "-odot"}) {
      const Said said = RunProgram({"topology", "--input", folder / "t.json", form});
      EXPECT_TRUE(said.status == 0 || said.status == 2) << form;
      EXPECT_EQ((said.out + said.err).find('\x1b'), std::string::npos) << form << text;
    }
  }
}

TEST(MotleyTopology, TheNameOfTheFileSaysTheForm) {
  const TestFolder folder;
  const auto drawn = [&](const std::string& name) {
    EXPECT_EQ(RunProgram({"topology", "--synthetic", "nv:1", folder / name}).status, 0) << name;
    return Contents(folder / name);
  };
  EXPECT_THAT(drawn("box.svg"), HasSubstr("<svg"));
  EXPECT_THAT(drawn("box.dot"), HasSubstr("digraph"));
  EXPECT_THAT(drawn("box.json"), HasSubstr("motley.topology/1"));
  EXPECT_THAT(drawn("box"), HasSubstr("nv0"));
}

TEST(MotleyTopology, AFolderThatIsNotThereIsToldWithoutOurTemporaryNames) {
  for (const char* name : {"/nonexistent/box.svg", "/nonexistent/box.png"}) {
    const Said said = RunProgram({"topology", "--synthetic", "nv:1", name});
    EXPECT_EQ(said.status, 3) << said.err;
    EXPECT_THAT(said.err, HasSubstr(std::string(name) + ": No such file"));
  }
}

TEST(Output, AFullDiskIsAnErrorOfEveryCommand) {
  for (const char* words : {"devices", "devices --json", "topology", "doctor", "explain", "--help",
                            "completion bash", "man", "--version", ""}) {
    const Said said = RunShell(std::string("$MOTLEY ") + words + " > /dev/full");
    EXPECT_EQ(said.status, 1) << words;
    EXPECT_THAT(said.err, HasSubstr("not all of the output could be written")) << words;
  }
}

// Whether SIGPIPE ends the program or is ignored where it was started.
TEST(Output, AReaderThatGoesEndsTheProgramWithoutAWord) {
  for (const char* before : {"", "trap '' PIPE; "}) {
    for (const char* words : {"explain", "completion bash", "--version"}) {
      const Said said =
          RunShell(before + std::string("$MOTLEY ") + words + " | sleep 0; exit ${PIPESTATUS[0]}");
      EXPECT_TRUE(said.status == 128 + SIGPIPE || said.status == 0) << words << said.status;
      EXPECT_EQ(said.err, "") << words;
    }
  }
}

TEST(MotleyDevices, WatchingEndsWithTheSignal) {
  const TestFolder folder;
  Child child = StartProgram(folder, {"devices", "--watch", "-o", "jsonl", "--fields", "id"});
  for (int i = 0; i < 6000 && Contents(folder / "out").empty(); ++i) poll(nullptr, 0, 10);
  child.Signal(SIGINT);
  const Said said = Finish(folder, child);
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out.find("\n\n"), std::string::npos) << "an empty line is no JSON";
}

TEST(MotleyDoctor, TheBundleNamesNobody) {
  const TestFolder folder;
  const Said said = RunShell(
      "HOME=/home/ann MOTLEY_HOST=unix:/home/ann/motley.sock $MOTLEY doctor "
      "--bundle " +
      (folder / "report.json"));
  EXPECT_TRUE(said.status == 0 || said.status == 5) << said.err;
  const std::string report = Contents(folder / "report.json");
  EXPECT_THAT(report, HasSubstr("motley.bundle/1"));
  EXPECT_EQ(report.find("ann"), std::string::npos);
}

TEST(MotleyDoctor, SaysOfEachThingThatItLookedAtIt) {
  const Said said = RunProgram({"doctor", "--json"});
  const json report = json::parse(said.out, nullptr, false);
  ASSERT_TRUE(report.is_object()) << said.out;
  std::string all;
  for (const json& check : report["checks"]) all += check["what"].get<std::string>() + ",";
  for (const char* what : {"service", "drivers", "permissions", "links", "profiles"})
    EXPECT_THAT(all, HasSubstr(what));
}

TEST(MotleyExplain, SaysWhereToFindWhatStandsInBraces) {
  EXPECT_THAT(RunProgram({"explain", "MOT-114"}).out, HasSubstr("names for those in {}"));
}

}  // namespace
}  // namespace motley
